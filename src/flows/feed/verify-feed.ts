import { ConfigError, DataError } from '../../core/errors.js'
import type { FeedVerification } from '../../core/flow.js'
import { isObjectMissing, type ObjectStore } from '../../core/object-store.js'
import { type Manifest, readManifest } from './manifest.js'
import { Published } from './published.js'
import { verifyContents } from './verify-files.js'

/** Name of the newest manifest. */
export async function newestManifest(store: ObjectStore, feed: string, signal: AbortSignal): Promise<string> {
  const { names, last } = await Published.look(store, feed, signal)
  if (last > 0) return names.manifest(last)
  throw new ConfigError({
    code: 'feed-missing',
    key: `flows.${feed}`,
    message: `${store.label} has no feed of this name`,
    fix: `publish it first: lockstep run ${feed}`,
  })
}

/** Reads a feed again, whole: the manifest, and the size, sha256 and rows of each file. */
export async function verifyManifest(
  store: ObjectStore,
  object: string,
  signal: AbortSignal,
): Promise<FeedVerification> {
  const manifest = await read(store, object, signal)
  if (typeof manifest === 'string') {
    return {
      manifest: object,
      store: store.label,
      rows: 0,
      bytes: 0,
      files: 0,
      problems: [{ file: object, problem: manifest }],
    }
  }
  const problems = await verifyContents(store, manifest, signal)
  const { rows, bytes, files } = manifest
  return { manifest: object, store: store.label, rows, bytes, files: files.length, problems }
}

async function read(store: ObjectStore, object: string, signal: AbortSignal): Promise<Manifest | string> {
  try {
    return await readManifest(store, object, signal)
  } catch (error) {
    if (isObjectMissing(error)) return 'is missing'
    if (error instanceof DataError) return error.message.replace(`${object} `, '')
    throw error
  }
}
