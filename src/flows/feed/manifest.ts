import { createHash } from 'node:crypto'
import { z } from 'zod'
import { DataError } from '../../core/errors.js'
import type { ObjectStore } from '../../core/object-store.js'

const count = z.number().int().min(0)
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)

export const FileEntry = z.object({
  name: z.string(),
  rows: count,
  /** As stored. */
  bytes: count,
  /** Of the bytes as stored. */
  sha256: Sha256,
})

const Body = z.object({
  kind: z.literal('lockstep-feed'),
  version: z.literal(1),
  name: z.string(),
  sequence: z.number().int().min(1),
  run: z.string(),
  publishedAt: z.string(),
  format: z.enum(['json', 'ndjson', 'csv', 'parquet']),
  compression: z.enum(['gzip', 'zstd', 'none']),
  rows: count,
  bytes: count,
  /** Rows that `map` left out, and rows that could not be published as they are. */
  skipped: count,
  rejected: count,
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  /** Fields that tell a row from all others, where that is known. */
  key: z.array(z.string()).optional(),
  /** Changes when a column of the table comes, goes, or gets another name or type. */
  schema: z.string(),
  files: z.array(FileEntry),
  /** The rows are not all of one moment, but those of each chunk, or of each range: the files whose names differ in their number only. */
  consistency: z.enum(['chunks', 'ranges']).optional(),
  /** Of ranges: how many moments there are. */
  moments: z.int().min(1).optional(),
  /** Of a flow with `since`: which rows it has. */
  incremental: z
    .object({
      /** The column, or `last-run`. */
      by: z.string(),
      /** Changes when the flow reads something else, so that increments of it mean nothing any more. */
      scope: z.string(),
      /** Position of the feed before; `null`: this one has all rows. */
      from: z.string().nullable(),
      /** Where the next one begins; `null`: there was no row. */
      to: z.string().nullable(),
      /** Sequence of the feed with all rows that this one, and all in between, add to. */
      base: z.number().int().min(1),
    })
    .optional(),
  /** What readers of another kind look for; made after the manifest. */
  descriptor: z.object({ name: z.string(), timestamp: count, bytes: count, sha256: Sha256 }).optional(),
})
const Envelope = Body.extend({ sha256: Sha256 })

export type FeedFile = z.output<typeof FileEntry>
/** What a feed consists of. It is written last; what no manifest names is not published. */
export type Manifest = z.output<typeof Body>

/** More than any manifest has; a reader need not hold whatever somebody put there. */
const MAX_BYTES = 64 * 1024 * 1024

/** `sha256` is that of the JSON text of all the rest, so that a manifest that was changed or cut is noticed. */
export function formatManifest(manifest: Manifest): Uint8Array {
  return Buffer.from(`${JSON.stringify({ ...manifest, sha256: digestOf(manifest) }, null, 1)}\n`)
}

/** Throws `DataError` `manifest-invalid`. */
export function parseManifest(object: string, text: string): Manifest {
  const { success, data, error } = Envelope.safeParse(jsonOf(text))
  if (!success) throw invalid(object, 'is no manifest of a feed', error)
  const { sha256, ...manifest } = data
  if (digestOf(manifest) !== sha256) throw invalid(object, 'was changed after it was written')
  return manifest
}

export async function readManifest(store: ObjectStore, object: string, signal: AbortSignal): Promise<Manifest> {
  return parseManifest(object, Buffer.from(await readObject(store, object, signal)).toString())
}

/** A small object, whole. */
export async function readObject(store: ObjectStore, object: string, signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of store.read(object, signal)) {
    bytes += chunk.length
    if (bytes > MAX_BYTES) throw invalid(object, 'is larger than any manifest')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function digestOf(manifest: Manifest): string {
  return createHash('sha256')
    .update(JSON.stringify(Body.parse(manifest)))
    .digest('hex')
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function invalid(object: string, what: string, cause?: unknown): DataError {
  const message = `${object} ${what}; publish again, and do not use this feed`
  return new DataError('manifest-invalid', message, { cause })
}
