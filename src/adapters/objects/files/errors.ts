import { ConfigError, ConflictError, LockstepError, UnavailableError } from '../../../core/errors.js'
import { objectMissing } from '../../../core/object-store.js'

/** The `code` of a Node error, e.g. `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])
const REFUSED = new Set(['EACCES', 'EPERM', 'EROFS'])

/** Makes what the file system said an error that the engine can act on. */
export function translate(error: unknown, path: string, doing: 'read' | 'written'): Error {
  if (error instanceof LockstepError) return error
  const errno = errnoOf(error)
  if (errno === undefined) return error instanceof Error ? error : new Error(`${path} failed`, { cause: error })
  if (FULL.has(errno)) {
    const message = `${path}: there is no room left (${errno}); free some, or keep fewer feeds`
    return new UnavailableError('store-full', message, { cause: error })
  }
  if (REFUSED.has(errno)) return refused(path, { errno, doing, cause: error })
  if (errno === 'EEXIST') return new ConflictError('object-exists', `${path} is there already`, { cause: error })
  if (errno === 'ENOENT' && doing === 'read') return objectMissing(path, error)
  return new UnavailableError('store-unavailable', `${path}: cannot be ${doing} (${errno})`, { cause: error })
}

function refused(path: string, found: { errno: string; doing: 'read' | 'written'; cause: unknown }): ConfigError {
  const { errno, doing, cause } = found
  return new ConfigError({
    code: 'store-refused',
    key: path,
    message: `it may not be ${doing} by this user (${errno})`,
    fix: 'let the user that runs lockstep read and write the folder, or name another one',
    cause,
  })
}

export function badObjectName(name: string): ConfigError {
  return new ConfigError({
    code: 'object-name',
    key: 'folder(...)',
    message: `${JSON.stringify(name)} cannot be the name of a file of a feed`,
    fix: 'use letters, digits, dots, hyphens and underscores; at most 200, the first no dot',
  })
}

export function folderMissing(path: string, cause: unknown): ConfigError {
  return new ConfigError({
    code: 'folder-missing',
    key: `folder(${JSON.stringify(path)})`,
    message: 'neither the folder nor the one above it is there',
    fix: `mkdir -p ${path}, or see whether a disk is to be mounted there`,
    cause,
  })
}

export function notAFolder(path: string): ConfigError {
  return new ConfigError({
    code: 'folder-kind',
    key: `folder(${JSON.stringify(path)})`,
    message: 'this is no folder',
    fix: 'name a folder',
  })
}
