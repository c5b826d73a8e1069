import { z } from 'zod'
import { LockstepError } from '../../../core/errors.js'
import { networkError } from '../network-errors.js'
import {
  clockOff,
  credentialsExpired,
  credentialsRefused,
  type Doing,
  type Failed,
  keyUnknown,
  objectExists,
  placeMissing,
  type Refused,
  secretWrong,
  storeRefused,
  storeUnavailable,
} from '../object-errors.js'

/** What Google's client throws: the status is its `code`, the reasons are in `errors`; its text tells the rest. */
export interface Refusal {
  readonly status: number | undefined
  /** `notFound`, `ECONNRESET`, ... */
  readonly reason: string
  /** May name the caller and the object, and is passed on in parts only. */
  readonly text: string
}

export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof Error)) return { status: undefined, reason: 'unknown', text: '' }
  const code: unknown = 'code' in error ? error.code : undefined
  const errors: unknown = 'errors' in error ? error.errors : undefined
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined
  const reason =
    typeof first === 'object' && first !== null && 'reason' in first && typeof first.reason === 'string'
      ? first.reason
      : typeof code === 'string'
        ? code
        : error.name
  return { status: typeof code === 'number' ? code : undefined, reason, text: error.message }
}

const Body = z.object({
  error: z.object({ message: z.string(), errors: z.array(z.object({ reason: z.string() })).default([]) }),
})

/** In the form of those that the client throws. @param body of the answer. */
export function answered(status: number, body: string): Error {
  const { success, data } = Body.safeParse(jsonOf(body))
  const known = success ? data.error : { message: body, errors: [] }
  return Object.assign(new Error(known.message), { code: status, errors: known.errors })
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** Both are answered with 404; only the text tells which is not there. */
export function isBucketMissing(text: string): boolean {
  return /bucket does not exist/i.test(text)
}

const BUSY = new Set(['rateLimitExceeded', 'userRateLimitExceeded', 'backendError'])

/** Makes what the client threw an error that the engine can act on. */
export function translate(error: unknown, failed: Failed): Error {
  if (error instanceof LockstepError) return error
  const { what } = failed
  const refusal = refusalOf(error)
  const { status, reason } = refusal
  if (status === 412) return objectExists(what, error)
  return (
    credentialsError(error, what, refusal) ??
    (status === 403 && !BUSY.has(reason) ? rightMissing(error, failed, refusal) : undefined) ??
    (status === 404 ? bucketMissing(what, error) : undefined) ??
    networkError(error, what) ??
    storeUnavailable(what, status === undefined ? reason : `${reason} (${status})`, error)
  )
}

export function bucketMissing(what: string, cause: unknown): Error {
  return placeMissing(what, 'make the bucket, or correct its name in gcs({ ... })', cause)
}

/** What the library for credentials throws has no codes, or the status of Google's token server; the first that fits is it. */
const CREDENTIALS: readonly (readonly [RegExp, (refused: (fix: string) => Refused) => Error])[] = [
  [/reasonable timeframe|iat and exp|token used too early/i, (refused) => clockOff(refused(''), undefined)],
  [/invalid jwt signature|account not found/i, (refused) => keyUnknown(refused(KEY), ' of the service account')],
  [/invalid_rapt|expired or revoked|token.*expired/i, (refused) => credentialsExpired(refused(EXPIRY))],
  [/PEM|DECODER|asn1|error:1E08010C/i, (refused) => secretWrong(refused(PRIVATE))],
  [
    /default credentials|client_email|file at .+ does not exist/i,
    (refused) => credentialsRefused(refused(NONE), 'none'),
  ],
  [
    /invalid_grant|invalid_client|unauthorized_client|private.?key/i,
    (refused) => credentialsRefused(refused(KEY), 'no token'),
  ],
]

function credentialsError(error: unknown, what: string, { status, reason, text }: Refusal): Error | undefined {
  // Texts of other answers name objects, which may be called anything.
  if (status !== undefined && status !== 400 && status !== 401) return undefined
  const refused = (fix: string): Refused => ({ what, fix, cause: error })
  const [, make] = CREDENTIALS.find(([known]) => known.test(text)) ?? []
  if (make !== undefined) return make(refused)
  return status === 401 ? credentialsRefused(refused(NONE), reason) : undefined
}

const KEY = 'make a new key of the service account, and see GOOGLE_APPLICATION_CREDENTIALS or gcs({ credentials })'
const EXPIRY = 'log in again (`gcloud auth application-default login`), or use a service account'
const PRIVATE = 'give the private key whole, from its BEGIN line to its END line, with real line ends'
const NONE =
  'set GOOGLE_APPLICATION_CREDENTIALS, write gcs({ credentials }), or give the machine or workload a service account'

const PERMISSIONS: Readonly<Record<Doing, string>> = {
  list: 'storage.objects.list',
  read: 'storage.objects.get',
  write: 'storage.objects.create',
  copy: 'storage.objects.get and storage.objects.create',
  delete: 'storage.objects.delete',
  'list-uploads': 'storage.multipartUploads.list',
  'cancel-upload': 'storage.multipartUploads.abort',
}

/** Refusals whose cure is no role, by reason. */
const OTHERWISE: Readonly<Record<string, readonly [message: string, fix: string]>> = {
  accountDisabled: ['the billing of the project is off', 'see the billing account of the project that owns the bucket'],
  accessNotConfigured: [
    'the API of Cloud Storage is off in the project',
    'gcloud services enable storage.googleapis.com',
  ],
  insufficientPermissions: [
    'the scopes of this machine do not reach Cloud Storage',
    'give the instance the scope cloud-platform, or devstorage.read_write; roles then decide',
  ],
  retentionPolicyNotMet: [
    'a retention policy or a hold of the bucket keeps its objects',
    'let it be shorter than feeds are kept (keep), or take another bucket',
  ],
  objectUnderActiveHold: ['a hold keeps the object', 'release the hold, or take another bucket'],
  vpcServiceControls: [
    'a service perimeter (VPC Service Controls) refuses it',
    'let the perimeter take this caller in',
  ],
}

function rightMissing(cause: unknown, { what, doing }: Failed, { reason, text }: Refusal): Error {
  const [message, cure] = OTHERWISE[/VPC Service Controls/i.test(text) ? 'vpcServiceControls' : reason] ?? []
  if (message !== undefined && cure !== undefined)
    return storeRefused({ what, fix: cure, cause }, `${message} (${reason})`)
  const named = /\bstorage\.[a-zA-Z]+\.[a-zA-Z]+\b/.exec(text)?.[0] ?? PERMISSIONS[doing]
  const fix = `give the account ${named}, best with the role Storage Object User (roles/storage.objectUser) on the bucket`
  return storeRefused({ what, fix, cause }, `these credentials may not do ${named} (${reason})`)
}
