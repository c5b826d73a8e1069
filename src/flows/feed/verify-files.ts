import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { isObjectMissing, type ObjectStore } from '../../core/object-store.js'
import { isUnpackable, unpackerOf } from './compression/unpacker.js'
import type { FeedFile, Manifest } from './manifest.js'
import { RowCounter } from './row-counter.js'

/** What is wrong with a file of a feed. */
export interface FileProblem {
  readonly file: string
  readonly problem: string
}

type StoredFile = Pick<FeedFile, 'name' | 'bytes' | 'sha256'>

/** Reads every file and compares its size and sha256 with the manifest's. */
export async function verifyFiles(
  store: ObjectStore,
  files: readonly StoredFile[],
  signal: AbortSignal,
): Promise<readonly FileProblem[]> {
  const problems: FileProblem[] = []
  for (const file of files) {
    const problem = await sizeAndSum(file, store.read(file.name, signal))
    if (problem !== undefined) problems.push({ file: file.name, problem })
  }
  return problems
}

/** As `verifyFiles`, and unpacks each file and counts its rows. */
export async function verifyContents(
  store: ObjectStore,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<readonly FileProblem[]> {
  const problems: FileProblem[] = [...totals(manifest)]
  const { descriptor } = manifest
  if (descriptor !== undefined) problems.push(...(await verifyFiles(store, [descriptor], signal)))
  for (const file of manifest.files) {
    const [wrong] = await verifyFiles(store, [file], signal)
    const problem = wrong?.problem ?? (await rowsOf({ store, manifest, file, signal }))
    if (problem !== undefined) problems.push({ file: file.name, problem })
  }
  return problems
}

async function sizeAndSum(file: StoredFile, content: AsyncIterable<Uint8Array>): Promise<string | undefined> {
  const sha256 = createHash('sha256')
  let bytes = 0
  try {
    for await (const chunk of content) {
      bytes += chunk.length
      sha256.update(chunk)
    }
  } catch (error) {
    if (isObjectMissing(error)) return 'is missing'
    throw error
  }
  if (bytes !== file.bytes) return `has ${bytes} bytes, not ${file.bytes}`
  return sha256.digest('hex') === file.sha256 ? undefined : 'has other bytes than were written (sha256)'
}

function* totals({ name, rows, bytes, files }: Manifest): Iterable<FileProblem> {
  const sum = (of: (file: FeedFile) => number): number => files.reduce((total, file) => total + of(file), 0)
  if (sum((file) => file.rows) !== rows || sum((file) => file.bytes) !== bytes) {
    yield { file: name, problem: 'its files do not add up to what the manifest says in all' }
  }
}

interface Counting {
  readonly store: ObjectStore
  readonly manifest: Manifest
  readonly file: FeedFile
  readonly signal: AbortSignal
}

async function rowsOf({ store, manifest, file, signal }: Counting): Promise<string | undefined> {
  // Every byte was compared; to count rows would need the library.
  if (manifest.format === 'parquet') return undefined
  const counter = new RowCounter(manifest.format)
  const content = Readable.from(store.read(file.name, signal))
  try {
    const unpacker = unpackerOf(manifest.compression)
    if (unpacker !== undefined) await pipeline(content, unpacker, (chunks) => counter.take(chunks))
    else await counter.take(content)
  } catch (error) {
    if (isUnpackable(error)) return `is no whole ${manifest.compression} file`
    throw error
  }
  return counter.rows === file.rows ? undefined : `has ${counter.rows} rows, not ${file.rows}`
}
