import { ConfigError, LockstepError } from '../../../core/errors.js'
import { ConditionUnknown } from '../bucket/probe-exclusive.js'
import {
  credentialsRefused,
  objectExists,
  placeMissing,
  storeRefused,
  storeUnavailable,
  uploadGone,
} from '../object-errors.js'

const CREDENTIALS = new Set([
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidAccessKeyId',
  'InvalidToken',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
  'TokenRefreshRequired',
])
const REGION = new Set(['PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException'])

/** What the AWS client throws: the answer's code is its name, and the answer's status is in the metadata. */
export interface Refusal {
  readonly name: string
  readonly status: number | undefined
}

export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof Error)) return { name: 'unknown', status: undefined }
  const metadata: unknown = '$metadata' in error ? error.$metadata : undefined
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata ? metadata.httpStatusCode : 0
  return { name: error.name, status: typeof status === 'number' && status > 0 ? status : undefined }
}

/** Makes what the client threw an error that the engine can act on. */
export function translate(error: unknown, what: string): Error {
  if (error instanceof LockstepError) return error
  const { name, status } = refusalOf(error)
  if (name === 'PreconditionFailed' || status === 412) return objectExists(what, error)
  if (name === 'NotImplemented' || status === 501) return new ConditionUnknown(what, error)
  if (name === 'NoSuchBucket')
    return placeMissing(what, 'make the bucket, or correct its name and region in s3({ ... })', error)
  if (name === 'NoSuchUpload') return uploadGone(what, error)
  if (CREDENTIALS.has(name)) return credentialsRefused(what, name, error)
  if (REGION.has(name) || status === 301 || isRegionMissing(error)) return wrongRegion(what, error)
  if (status === 401) return credentialsRefused(what, name, error)
  if (status === 403) return storeRefused(what, RIGHTS, error)
  return storeUnavailable(what, status === undefined ? name : `${name} (${status})`, error)
}

/** The client tells it by a message alone. */
function isRegionMissing(error: unknown): boolean {
  return error instanceof Error && error.message === 'Region is missing'
}

const RIGHTS =
  'allow s3:ListBucket, s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload and s3:ListBucketMultipartUploads on the bucket and its objects'

function wrongRegion(what: string, cause: unknown): ConfigError {
  return new ConfigError({
    code: 'store-region',
    key: what,
    message: 'the region of the bucket is missing, or is another one',
    fix: "write s3({ region: 'eu-central-1' }) with the region of the bucket, or set AWS_REGION",
    cause,
  })
}
