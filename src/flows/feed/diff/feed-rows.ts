import { Readable } from 'node:stream'
import { ConfigError, DataError } from '../../../core/errors.js'
import type { ObjectStore } from '../../../core/object-store.js'
import { isUnpackable, unpackerOf } from '../compression/unpacker.js'
import type { FeedFile, Manifest } from '../manifest.js'

/** A published feed, and where its files are. */
export interface FeedPlace {
  readonly store: ObjectStore
  readonly manifest: Manifest
}

export interface FeedRow {
  /** JSON of the values of the key. */
  readonly key: string
  readonly fields: Readonly<Record<string, unknown>>
  /** As published. */
  readonly text: string
}

/** The rows of a feed in their order, some at a time. Throws `DataError` `feed-damaged` when a file is not as the manifest says. */
export async function* feedRows(
  { store, manifest }: FeedPlace,
  key: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<readonly FeedRow[]> {
  if (manifest.format !== 'json' && manifest.format !== 'ndjson') throw unreadable(manifest)
  for (const file of manifest.files) {
    let rows = 0
    for await (const lines of rowLines({ store, manifest, file, signal })) {
      rows += lines.length
      yield lines.map((line) => rowOf(line, key, file))
    }
    if (rows !== file.rows) throw damaged(file, `has ${rows} rows, not ${file.rows}`)
  }
}

interface Reading extends FeedPlace {
  readonly file: FeedFile
  readonly signal: AbortSignal
}

/** Each row is a line; the head of a JSON document is one more, and so is its end. */
async function* rowLines({ store, manifest, file, signal }: Reading): AsyncGenerator<readonly string[]> {
  const stored = Readable.from(store.read(file.name, signal))
  const unpacker = unpackerOf(manifest.compression)
  const content = stored.on('error', (error) => unpacker?.destroy(error))
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let skip = manifest.format === 'json' ? 1 : 0
  let left = file.rows
  let rest = ''
  try {
    for await (const bytes of unpacker === undefined ? content : content.pipe(unpacker)) {
      const lines = `${rest}${decoder.decode(bytes, { stream: true })}`.split('\n')
      rest = lines.pop() ?? ''
      const rows = lines.slice(skip, skip + left)
      skip = Math.max(0, skip - lines.length)
      left -= rows.length
      if (rows.length > 0) yield rows
    }
  } catch (error) {
    const broken = error instanceof TypeError || isUnpackable(error)
    throw broken ? damaged(file, 'cannot be unpacked', error) : error
  } finally {
    stored.destroy()
    unpacker?.destroy()
  }
}

function rowOf(line: string, key: readonly string[], file: FeedFile): FeedRow {
  const text = line.endsWith(',') ? line.slice(0, -1) : line
  const fields = parse(text)
  if (fields === undefined) throw damaged(file, 'has a line that is no JSON object')
  const missing = key.find((name) => fields[name] === undefined || fields[name] === null)
  if (missing !== undefined) throw keyMissing(missing)
  return {
    key: JSON.stringify(key.length === 1 ? fields[key[0] ?? ''] : key.map((name) => fields[name])),
    fields,
    text,
  }
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : undefined
  } catch {
    return undefined
  }
}

function unreadable({ name, format }: Manifest): ConfigError {
  return new ConfigError({
    code: 'feed-format',
    key: `feed ${name}`,
    message: `is ${format}, and only feeds of JSON and NDJSON are compared row by row`,
    fix: 'load the files into tables, and compare those with check.tables',
  })
}

function keyMissing(field: string): ConfigError {
  return new ConfigError({
    code: 'feed-key',
    key: '--key',
    message: `a row has no field ${JSON.stringify(field)}`,
    fix: 'name the fields that every row has and that tell it from all others: --key entity_id',
  })
}

function damaged(file: FeedFile, what: string, cause?: unknown): DataError {
  return new DataError('feed-damaged', `${file.name} ${what}; see lockstep feed verify`, { cause })
}
