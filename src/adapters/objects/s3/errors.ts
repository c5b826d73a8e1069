import { ConfigError, LockstepError } from '../../../core/errors.js'
import { ConditionUnknown } from '../bucket/probe-exclusive.js'
import { networkError } from '../network-errors.js'
import {
  clockOff,
  credentialsExpired,
  credentialsRefused,
  type Failed,
  keyUnknown,
  objectExists,
  placeMissing,
  type Refused,
  secretWrong,
  storeUnavailable,
  uploadGone,
} from '../object-errors.js'
import { rightMissing, type S3Place } from './rights.js'

const EXPIRED = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired', 'RequestExpired'])
const NONE = new Set(['CredentialsProviderError', 'TokenProviderError'])
const REFUSED = new Set(['InvalidToken', 'InvalidIdentityToken', 'AuthorizationHeaderMalformed', 'NotSignedUp'])
const REGION = new Set(['PermanentRedirect', 'IllegalLocationConstraintException', 'IncorrectEndpoint'])

/** What the AWS client throws: the answer's code is its name, the answer's status is in the metadata. */
export interface Refusal {
  readonly name: string
  readonly status: number | undefined
  /** What S3 says; it may name the caller, the action and the object, and is passed on in parts only. */
  readonly text: string
  /** Of the bucket, when it is another one. */
  readonly region: string | undefined
}

export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof Error)) return { name: 'unknown', status: undefined, text: '', region: undefined }
  const status = at(error, '$metadata', 'httpStatusCode')
  const header = at(error, '$response', 'headers', 'x-amz-bucket-region')
  const [, expected] = /expecting '([a-z0-9-]+)'/.exec(error.message) ?? []
  const region = [header, at(error, 'Region'), expected].find(
    (each) => typeof each === 'string' && /^[a-z0-9-]+$/.test(each),
  )
  return {
    name: error.name,
    status: typeof status === 'number' && status > 0 ? status : undefined,
    text: error.message,
    region: typeof region === 'string' ? region : undefined,
  }
}

function at(value: unknown, ...path: readonly string[]): unknown {
  let found = value
  for (const key of path) found = typeof found === 'object' && found !== null ? Reflect.get(found, key) : undefined
  return found
}

/** Makes what the client threw an error that the engine can act on. */
export function translate(error: unknown, failed: Failed, place: S3Place): Error {
  if (error instanceof LockstepError) return error
  const { what } = failed
  const refusal = refusalOf(error)
  const { name, status, region } = refusal
  if (name === 'PreconditionFailed' || status === 412) return objectExists(what, error)
  if (name === 'NotImplemented' || status === 501) return new ConditionUnknown(what, error)
  if (name === 'NoSuchBucket' || name === 'InvalidBucketName') return placeMissing(what, BUCKET, error)
  if (name === 'NoSuchUpload') return uploadGone(what, error)
  // Malformed is a header whose region is another one, and one whose key cannot be a key.
  const malformed = name === 'AuthorizationHeaderMalformed' && region !== undefined
  if (REGION.has(name) || malformed || status === 301 || isRegionMissing(error)) return wrongRegion(what, region, error)
  return (
    credentialsError(error, what, refusal) ??
    (status === 403 ? rightMissing({ failed, place, text: refusal.text, name, cause: error }) : undefined) ??
    networkError(error, what) ??
    storeUnavailable(what, status === undefined ? name : `${name} (${status})`, error)
  )
}

function credentialsError(error: unknown, what: string, { name, status, text }: Refusal): Error | undefined {
  const refused = (fix: string): Refused => ({ what, fix, cause: error })
  if (name === 'InvalidAccessKeyId') return keyUnknown(refused(KEY), shownKey(at(error, 'AWSAccessKeyId')))
  if (name === 'SignatureDoesNotMatch') return secretWrong(refused(SECRET))
  if (name === 'RequestTimeTooSkewed') return clockOff(refused(''), dateOf(at(error, 'ServerTime')))
  if (EXPIRED.has(name) || (NONE.has(name) && /expired/i.test(text))) return credentialsExpired(refused(EXPIRY))
  if (NONE.has(name)) return credentialsRefused(refused(CHAIN), name)
  return REFUSED.has(name) || status === 401 ? credentialsRefused(refused(KEY), name) : undefined
}

/** The client tells it by a message alone. */
function isRegionMissing(error: unknown): boolean {
  return error instanceof Error && error.message === 'Region is missing'
}

/** Enough to find out which of several it was. */
function shownKey(id: unknown): string {
  return typeof id === 'string' && /^[A-Za-z0-9]{12,}$/.test(id) ? ` that ends in ${id.slice(-4)}` : ''
}

function dateOf(text: unknown): Date | undefined {
  const date = new Date(typeof text === 'string' ? text : Number.NaN)
  return Number.isNaN(date.getTime()) ? undefined : date
}

const BUCKET = 'make the bucket, or correct its name and region in s3({ ... })'
const KEY = 'see AWS_ACCESS_KEY_ID, the profile, or s3({ credentials }); a new key is known after some seconds'
const SECRET = 'see AWS_SECRET_ACCESS_KEY, the profile, or s3({ credentials }), also for spaces and a line end'
const EXPIRY = 'renew them (`aws sso login`, a new AWS_SESSION_TOKEN), or give the machine a role, which renews itself'
const CHAIN = 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile, or give the machine a role'

function wrongRegion(what: string, region: string | undefined, cause: unknown): ConfigError {
  const where = region === undefined ? '' : `: the bucket is in ${region}`
  return new ConfigError({
    code: 'store-region',
    key: what,
    message: `the region is missing, or is another one${where}`,
    fix: `write s3({ region: '${region ?? 'eu-central-1'}' }) with the region of the bucket, or set AWS_REGION`,
    cause,
  })
}
