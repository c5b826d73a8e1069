import { DataError } from '../../core/errors.js'
import type { ListedFeed } from '../../core/flow.js'
import { isObjectMissing, type ObjectStore } from '../../core/object-store.js'
import { isIncrement } from './increment.js'
import { type Manifest, readManifest } from './manifest.js'
import { feedNames } from './names.js'

/** Manifests that are read together. */
const TOGETHER = 8

/** The feeds of a name in a store, newest first: from one listing and the manifests; no data file is read. */
export async function listFeeds(store: ObjectStore, feed: string, signal: AbortSignal): Promise<readonly ListedFeed[]> {
  const names = feedNames(feed)
  const objects = await store.list(names.prefix, signal)
  const sizes = new Map(objects.map(({ name, bytes }) => [name, bytes]))
  const sequences = objects
    .flatMap(({ name }) => {
      const is = names.parse(name)
      return is?.kind === 'manifest' ? [is.sequence] : []
    })
    .sort((left, right) => right - left)
  const listed: ListedFeed[] = []
  for (let at = 0; at < sequences.length; at += TOGETHER) {
    const some = sequences.slice(at, at + TOGETHER).map(async (sequence): Promise<ListedFeed | undefined> => {
      const object = names.manifest(sequence)
      const where = { sequence, newest: sequence === sequences[0], manifest: object, store: store.label }
      const manifest = await read(store, object, signal)
      // Retention was faster.
      if (manifest === undefined) return undefined
      if (typeof manifest === 'string') return { ...where, problems: [{ file: object, problem: manifest }] }
      return { ...where, ...summaryOf(manifest), problems: problemsOf(manifest, sizes) }
    })
    listed.push(...(await Promise.all(some)).filter((each) => each !== undefined))
  }
  return listed
}

async function read(store: ObjectStore, object: string, signal: AbortSignal): Promise<Manifest | string | undefined> {
  try {
    return await readManifest(store, object, signal)
  } catch (error) {
    if (isObjectMissing(error)) return undefined
    if (error instanceof DataError) return error.message.replace(`${object} `, '')
    throw error
  }
}

function summaryOf(manifest: Manifest): Partial<ListedFeed> {
  const { publishedAt, rows, bytes, files, rejected, incremental } = manifest
  const adds = incremental !== undefined && isIncrement(manifest)
  return { publishedAt, rows, bytes, files: files.length, rejected, ...(adds ? { addsTo: incremental.base } : {}) }
}

function problemsOf({ files }: Manifest, sizes: ReadonlyMap<string, number>): ListedFeed['problems'] {
  return files.flatMap(({ name, bytes }) => {
    const found = sizes.get(name)
    if (found === bytes) return []
    return [{ file: name, problem: found === undefined ? 'is missing' : `has ${found} bytes, not ${bytes}` }]
  })
}
