import { LockstepError } from '../../../core/errors.js'
import { networkError } from '../network-errors.js'
import {
  clockOff,
  credentialsExpired,
  credentialsRefused,
  type Failed,
  objectExists,
  placeMissing,
  type Refused,
  secretWrong,
  storeUnavailable,
  uploadGone,
} from '../object-errors.js'
import { rightMissing } from './rights.js'

const EXISTS = new Set(['BlobAlreadyExists', 'ConditionNotMet', 'UnmodifiedSinceConditionNotMet'])
const MISSING = new Set(['ContainerNotFound', 'ContainerDisabled', 'InvalidResourceName'])
/** Of `@azure/identity`, before anything was asked of the store. */
const IDENTITY = new Set([
  'AggregateAuthenticationError',
  'AuthenticationError',
  'AuthenticationRequiredError',
  'CredentialUnavailableError',
])
const REFUSED = new Set(['AuthenticationFailed', 'InvalidAuthenticationInfo', 'NoAuthenticationInformation'])

export interface Refusal {
  /** What Azure calls it, e.g. `BlobNotFound`; else the error's name. */
  readonly code: string
  readonly status: number | undefined
  /** What Azure says, with its detail; it may hold a signature, and is passed on in parts only. */
  readonly text: string
}

export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof Error)) return { code: 'unknown', status: undefined, text: '' }
  const details: unknown = 'details' in error ? error.details : undefined
  const detail = textIn(details, 'errorCode')
  const own = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined
  const text = `${error.message} ${textIn(details, 'authenticationErrorDetail') ?? ''}`
  return { code: detail ?? own ?? error.name, status, text }
}

function textIn(value: unknown, key: string): string | undefined {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
  return typeof found === 'string' ? found : undefined
}

/** Makes what the client threw an error that the engine can act on. */
export function translate(error: unknown, failed: Failed): Error {
  if (error instanceof LockstepError) return error
  const { what } = failed
  const refusal = refusalOf(error)
  const { code, status } = refusal
  if (EXISTS.has(code)) return objectExists(what, error)
  if (MISSING.has(code)) return placeMissing(what, 'make the container, or correct its name in azure({ ... })', error)
  if (code === 'InvalidBlockList') return uploadGone(what, error)
  return (
    credentialsError(error, what, refusal) ??
    (status === 403 ? rightMissing(failed, code, error) : undefined) ??
    networkError(error, what) ??
    storeUnavailable(what, status === undefined ? code : `${code} (${status})`, error)
  )
}

function credentialsError(cause: unknown, what: string, { code, status, text }: Refusal): Error | undefined {
  const refused = (fix: string): Refused => ({ what, fix, cause })
  const name = cause instanceof Error ? cause.name : ''
  if (IDENTITY.has(name) || IDENTITY.has(code)) {
    const [aad] = /AADSTS\d+/.exec(text) ?? []
    if (aad !== undefined && EXPIRED_AAD.has(aad)) return credentialsExpired(refused(EXPIRY))
    if (aad === 'AADSTS7000215') return secretWrong(refused(CLIENT))
    return credentialsRefused(refused(IDENTITY_FIX), aad ?? name)
  }
  if (!REFUSED.has(code) && status !== 401) return undefined
  // Of a shared access signature, and of a token.
  if (/Expiry|expired/i.test(text)) return credentialsExpired(refused(EXPIRY))
  if (/date header too old|not yet valid|too far in the future/i.test(text)) return clockOff(refused(''), undefined)
  if (/MAC signature|signature did not match|signature fields/i.test(text)) return secretWrong(refused(SECRET))
  return credentialsRefused(refused(SECRET), code)
}

/** Of a secret, a certificate, and a login. */
const EXPIRED_AAD = new Set(['AADSTS7000222', 'AADSTS700027', 'AADSTS70043', 'AADSTS700082', 'AADSTS50173'])

const SECRET =
  'see AccountKey or the shared access signature in the connection string: whole, of this account, not regenerated since, and the clock right'
const EXPIRY = 'make a new shared access signature or secret, log in again (`az login`), or use a managed identity'
const CLIENT = 'set AZURE_CLIENT_SECRET to the value of the secret, not its id'
const IDENTITY_FIX =
  'set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, give the machine a managed identity, or `az login`'
