import { ConfigError, ConflictError, UnavailableError } from '../../core/errors.js'
import { isObjectName } from '../../core/object-store.js'

/** What was asked of a store; each takes a right of its own. */
export type Doing = 'list' | 'read' | 'write' | 'copy' | 'delete' | 'list-uploads' | 'cancel-upload'

export interface Failed {
  /** An object or a place, by its label. */
  readonly what: string
  readonly doing: Doing
}

/** An error with its cure, a phrase that begins in small letters. */
export interface Refused {
  readonly what: string
  readonly fix: string
  readonly cause: unknown
}

/** What can go wrong with any store; the words are the same whichever it is. `what`: an object or a place, by its label. */
export function objectExists(what: string, cause?: unknown): ConflictError {
  return new ConflictError('object-exists', `${what} is there already`, { cause })
}

export function storeUnavailable(what: string, why: string, cause: unknown): UnavailableError {
  return new UnavailableError('store-unavailable', `${what}: ${why}`, { cause })
}

export function storeTimeout(what: string, ms: number): UnavailableError {
  return new UnavailableError('store-timeout', `${what}: the store did not answer within ${ms} ms`)
}

/** @param why what the store calls it. */
export function credentialsRefused({ what, fix, cause }: Refused, why: string): UnavailableError {
  const message = `${what}: the store refused the credentials, or there are none (${why}); ${fix}`
  return new UnavailableError('store-credentials', message, { cause })
}

/** @param key the end of its name, or whose it is; empty when that is not known. */
export function keyUnknown({ what, fix, cause }: Refused, key: string): UnavailableError {
  const message = `${what}: the store does not know the key${key}, as it never was, was deleted or revoked; ${fix}`
  return new UnavailableError('store-key-unknown', message, { cause })
}

export function secretWrong({ what, fix, cause }: Refused): UnavailableError {
  const message = `${what}: the signature is wrong, so the secret is not that of the key; ${fix}`
  return new UnavailableError('store-secret-wrong', message, { cause })
}

export function credentialsExpired({ what, fix, cause }: Refused): UnavailableError {
  return new UnavailableError('store-credentials-expired', `${what}: the credentials have expired; ${fix}`, { cause })
}

/** @param store its time, as far as it told it. */
export function clockOff({ what, cause }: Omit<Refused, 'fix'>, store: Date | undefined): UnavailableError {
  const differs = store === undefined ? '' : ` (there it is ${store.toISOString()})`
  const message = `${what}: the clock of this machine is too far from the store's${differs}; set it, and keep it by NTP`
  return new UnavailableError('store-clock', message, { cause })
}

/** @param message what may not be done, and by whom. */
export function storeRefused({ what, fix, cause }: Refused, message: string): ConfigError {
  return new ConfigError({ code: 'store-refused', key: what, message, fix, cause })
}

export function placeMissing(what: string, fix: string, cause: unknown): ConfigError {
  return new ConfigError({ code: 'store-missing', key: what, message: 'there is no such place', fix, cause })
}

/** @param key e.g. `s3(...)`. */
export function checkObjectName(name: string, key: string): void {
  if (isObjectName(name)) return
  throw new ConfigError({
    code: 'object-name',
    key,
    message: `${JSON.stringify(name)} cannot be the name of a file of a feed`,
    fix: 'use letters, digits, dots, hyphens and underscores; at most 200, the first no dot',
  })
}

/** An upload that the store no longer knows; perhaps as its end was reached and the answer lost. */
export function uploadGone(what: string, cause: unknown): UnavailableError {
  const message = `${what}: the store no longer knows the upload; the next attempt begins anew`
  return new UnavailableError(UPLOAD_GONE, message, { cause })
}

const UPLOAD_GONE = 'store-upload-gone'

/** What the store has is not what it was sent; it was taken away again. */
export function objectDamaged(what: string): UnavailableError {
  const message = `${what}: the store has other bytes than it was sent (md5); the next attempt begins anew`
  return new UnavailableError(OBJECT_DAMAGED, message)
}

export const OBJECT_DAMAGED = 'store-damaged'

export function objectReplaced(what: string, cause: unknown): ConflictError {
  return new ConflictError('object-replaced', `${what}: was replaced by another while it was read`, { cause })
}

const LASTING = new Set([
  'store-credentials',
  'store-credentials-expired',
  'store-full',
  'store-key-unknown',
  'store-secret-wrong',
  'store-tls',
  UPLOAD_GONE,
  OBJECT_DAMAGED,
])

/** Whether the next seconds may mend it, so that the same request is worth sending again. */
export function mayPass(error: Error): boolean {
  return error instanceof UnavailableError && !LASTING.has(error.code)
}
