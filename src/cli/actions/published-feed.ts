import { basename, dirname, resolve } from 'node:path'
import { folder } from '../../adapters/objects/files/index.js'
import type { PublishedFeed } from '../../core/flow.js'
import { MANIFEST_SUFFIX } from '../../flows/feed/names.js'
import type { Io } from '../io.js'

/** Where the manifest is that somebody named by its path; `undefined`: it is the path of none. */
export function manifestAt(io: Io, subject: string): PublishedFeed | undefined {
  if (!subject.endsWith(MANIFEST_SUFFIX)) return undefined
  const path = resolve(io.cwd, subject)
  return { store: folder(dirname(path)), object: basename(path) }
}
