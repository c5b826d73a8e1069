import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ConfigError, DataError, LockstepError, UnavailableError } from '../../core/errors.js'

/** The `code` of a Node error, e.g. `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/**
 * Makes what the file system said an error that the engine can act on. A missing file is a mistake in the config; a
 * missing folder, like anything else, may be a disk that is not mounted at the moment.
 */
export async function translate(error: unknown, path: string): Promise<Error> {
  if (error instanceof LockstepError) return error
  const errno = errnoOf(error)
  if (errno === 'ENOENT' && (await isFolder(dirname(path)))) return missingFile(path, error)
  if (errno !== undefined && /^E[A-Z0-9]+$/.test(errno)) {
    return new UnavailableError('file-unreadable', `${path}: cannot be read (${errno})`, { cause: error })
  }
  return error instanceof Error ? error : new Error(`${path}: cannot be read`, { cause: error })
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

function missingFile(path: string, cause: unknown): ConfigError {
  return new ConfigError({
    code: 'file-missing',
    key: 'files({ path })',
    message: `there is no file ${path}`,
    fix: 'Correct the path; relative ones start at the folder in which lockstep is run.',
    cause,
  })
}

export function notAFile(path: string): ConfigError {
  return new ConfigError({
    code: 'file-kind',
    key: 'files({ path })',
    message: `${path} is not a regular file`,
    fix: `Name files, or a glob such as ${JSON.stringify(`${path}/*.ndjson`)}; what comes through a pipe is read with stdin().`,
  })
}

/** The content is not what was read before, so the saved position means nothing. */
export function replacedFile(path: string, byte: number): ConfigError {
  return new ConfigError({
    code: 'file-replaced',
    key: path,
    message: `the file was replaced or cut since it was read: what was read up to byte ${byte} is not in it any more`,
    fix: 'Put the old file back, or give the new one a name of its own: files are expected to stay or to grow.',
  })
}

export function corruptFile(path: string, found: { byte: number; what: string; cause?: unknown }): DataError {
  const { byte, what, cause } = found
  return new DataError('file-corrupt', `${path}: ${what} at byte ${byte}; what comes after it was not read`, { cause })
}
