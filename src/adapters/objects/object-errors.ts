import { ConfigError, ConflictError, UnavailableError } from '../../core/errors.js'
import { isObjectName } from '../../core/object-store.js'

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

export function credentialsRefused(what: string, why: string, cause: unknown): UnavailableError {
  const message = `${what}: the store refused the credentials, or there are none (${why})`
  return new UnavailableError('store-credentials', message, { cause })
}

export function storeRefused(what: string, fix: string, cause: unknown): ConfigError {
  return new ConfigError({ code: 'store-refused', key: what, message: 'these credentials may not do this', fix, cause })
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
  return new UnavailableError(
    UPLOAD_GONE,
    `${what}: the store no longer knows the upload; the next attempt begins anew`,
    {
      cause,
    },
  )
}

export const UPLOAD_GONE = 'store-upload-gone'

/** What the store has is not what it was sent; it was taken away again. */
export function objectDamaged(what: string): UnavailableError {
  const message = `${what}: the store has other bytes than it was sent (md5); the next attempt begins anew`
  return new UnavailableError(OBJECT_DAMAGED, message)
}

export const OBJECT_DAMAGED = 'store-damaged'

export function objectReplaced(what: string, cause: unknown): ConflictError {
  return new ConflictError('object-replaced', `${what}: was replaced by another while it was read`, { cause })
}
