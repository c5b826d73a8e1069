import { LockstepError } from '../../../core/errors.js'
import {
  credentialsRefused,
  objectExists,
  placeMissing,
  storeRefused,
  storeUnavailable,
  uploadGone,
} from '../object-errors.js'

const EXISTS = new Set(['BlobAlreadyExists', 'ConditionNotMet', 'UnmodifiedSinceConditionNotMet'])
const CREDENTIALS = new Set([
  'AuthenticationFailed',
  'AuthenticationRequiredError',
  'AggregateAuthenticationError',
  'CredentialUnavailableError',
  'InvalidAuthenticationInfo',
  'NoAuthenticationInformation',
])

export interface Refusal {
  /** What Azure calls it, e.g. `BlobNotFound`; else the error's name. */
  readonly code: string
  readonly status: number | undefined
}

export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof Error)) return { code: 'unknown', status: undefined }
  const details: unknown = 'details' in error ? error.details : undefined
  const detail =
    typeof details === 'object' && details !== null && 'errorCode' in details ? details.errorCode : undefined
  const code =
    typeof detail === 'string' ? detail : 'code' in error && typeof error.code === 'string' ? error.code : error.name
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined
  return { code, status }
}

/** Makes what the client threw an error that the engine can act on. */
export function translate(error: unknown, what: string): Error {
  if (error instanceof LockstepError) return error
  const { code, status } = refusalOf(error)
  if (EXISTS.has(code)) return objectExists(what, error)
  if (code === 'ContainerNotFound')
    return placeMissing(what, 'make the container, or correct its name in azure({ ... })', error)
  if (code === 'InvalidBlockList') return uploadGone(what, error)
  if (CREDENTIALS.has(code) || status === 401) return credentialsRefused(what, code, error)
  if (status === 403)
    return storeRefused(what, 'give the identity the role Storage Blob Data Contributor on the container', error)
  return storeUnavailable(what, status === undefined ? code : `${code} (${status})`, error)
}
