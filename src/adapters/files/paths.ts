import { stat } from 'node:fs/promises'
import { glob, isDynamicPattern } from 'tinyglobby'
import { UnavailableError } from '../../core/errors.js'
import { errnoOf } from './errors.js'

/**
 * The files that paths and globs name, sorted by name; paths without a glob in them whether they exist or not. Throws
 * an `UnavailableError` when the folder in which a glob begins is not there: a disk may not be mounted.
 */
export async function expandPaths(paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(paths.map(expandPath))
  return [...new Set(found.flat())].sort()
}

async function expandPath(path: string): Promise<readonly string[]> {
  if (!isDynamicPattern(path) || (await exists(path))) return [path]
  const base = fixedFolder(path)
  if (!(await exists(base))) {
    throw new UnavailableError('folder-missing', `${path}: there is no folder ${base}`)
  }
  return glob(path, { absolute: path.startsWith('/') })
}

/** The folders of a glob before the first that is a pattern. */
function fixedFolder(path: string): string {
  const parts = path.split('/').slice(0, -1)
  const pattern = parts.findIndex((part) => isDynamicPattern(part))
  const folder = (pattern < 0 ? parts : parts.slice(0, pattern)).join('/')
  return folder === '' ? (path.startsWith('/') ? '/' : '.') : folder
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return false
    throw new UnavailableError('file-unreadable', `${path}: cannot be read (${String(errno)})`, { cause: error })
  }
}
