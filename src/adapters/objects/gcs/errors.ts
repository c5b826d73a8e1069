import { LockstepError } from '../../../core/errors.js'
import { credentialsRefused, objectExists, placeMissing, storeRefused, storeUnavailable } from '../object-errors.js'

/** What Google's client throws: the status is its `code`, the reasons are in `errors`; its text tells the rest. */
export interface Refusal {
  readonly status: number | undefined
  /** `notFound`, `ECONNRESET`, ... */
  readonly reason: string
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

/** Both are answered with 404; only the text tells which is not there. */
export function isBucketMissing(text: string): boolean {
  return /bucket does not exist/i.test(text)
}

/** What the library for credentials throws has no codes, or the status of Google's token server. */
const CREDENTIALS =
  /default credentials|invalid_grant|invalid_client|unauthorized_client|private.?key|PEM|DECODER|client_email|file at .+ does not exist/i
const BUSY = new Set(['rateLimitExceeded', 'userRateLimitExceeded', 'backendError'])

/** Makes what the client threw an error that the engine can act on. */
export function translate(error: unknown, what: string): Error {
  if (error instanceof LockstepError) return error
  const { status, reason, text } = refusalOf(error)
  if (status === 412) return objectExists(what, error)
  if (status === 401 || CREDENTIALS.test(text))
    return credentialsRefused(what, status === 401 ? reason : 'no token', error)
  if (status === 403 && !BUSY.has(reason)) return storeRefused(what, RIGHTS, error)
  if (status === 404) return placeMissing(what, 'make the bucket, or correct its name in gcs({ ... })', error)
  return storeUnavailable(what, status === undefined ? reason : `${reason} (${status})`, error)
}

const RIGHTS = 'give the service account the role Storage Object User (roles/storage.objectUser) on the bucket'
