import { ConfigError, DataError } from '../../core/errors.js'
import type { TableExport } from '../../core/export.js'
import type { ObjectWriter } from '../../core/object-store.js'
import type { Encoder } from './encoder.js'
import { FeedFiles } from './feed-files.js'
import type { FeedFile } from './manifest.js'
import { type Attempt, feedNames } from './names.js'
import { parquetEncoder } from './parquet/parquet-encoder.js'
import type { Generation, Page } from './part-file.js'
import type { LeftFiles } from './published.js'
import { Quarantine } from './quarantine.js'
import { Rejections } from './rejections.js'
import { ResumedWriter } from './resumed-writer.js'
import type { FeedSettings } from './settings.js'
import { textEncoder } from './text-encoder.js'

export interface Writing {
  readonly settings: FeedSettings
  readonly table: TableExport
  readonly attempt: Attempt
  /** Of a run that was killed. */
  readonly left: LeftFiles | undefined
  readonly generation: Generation
  readonly signal: AbortSignal
  /** Called after each page with the rows that were read for it. */
  progress(rows: number, durationMs: number): void
}

/** The files of an attempt, whole and durable, but not yet published. */
export interface WrittenFeed {
  readonly files: readonly FeedFile[]
  readonly rejections: Rejections
}

/** Reads the table in one snapshot and writes its files. What it wrote is taken back when it throws. */
export async function writeFeed(writing: Writing): Promise<WrittenFeed> {
  const { settings, table } = writing
  const { encoding } = settings.as
  if (encoding.kind === 'parquet') {
    checkColumns(
      settings,
      table,
      encoding.columns?.map(({ name }) => name),
    )
    return writeWith(writing, await parquetEncoder(settings, encoding, table))
  }
  checkColumns(settings, table, settings.as.columns)
  const columns = settings.as.columns ?? table.columns.map(({ name }) => name)
  return writeWith(writing, textEncoder(settings, encoding, columns))
}

async function writeWith<P extends Page<P>>(writing: Writing, encoder: Encoder<P>): Promise<WrittenFeed> {
  const { settings, attempt, generation, signal } = writing
  const names = feedNames(settings.name)
  const files = new FeedFiles<P>({
    rows: settings.rotate.rows,
    together: encoder.together,
    generation,
    nameOf: (part) => names.data(attempt, part, encoder.extension),
    open: async (name, part) => encoder.part(await openFile(writing, encoder, { name, part })),
  })
  const quarantine = new Quarantine(settings.quarantine, names.rejected(attempt), signal)
  const rejections = new Rejections()
  try {
    await copy(writing, { encoder, files, quarantine, rejections })
    await quarantine.commit()
    return { files: await files.end(), rejections }
  } catch (error) {
    await files.abort()
    // Then somebody wants to know which rows.
    if (error instanceof DataError && error.code === 'feed-rejected') await quarantine.commit().catch(() => undefined)
    await quarantine.abort()
    await discard({ settings, attempt, names: files.names, error })
    throw error
  }
}

/** A file of the same number of a run that was killed is compared, and used again as far as it is the same. */
async function openFile<P extends Page<P>>(
  { settings: { name: feed, to: store }, attempt: { sequence }, left, signal }: Writing,
  { extension, content, together }: Encoder<P>,
  { name, part }: { readonly name: string; readonly part: number },
): Promise<ObjectWriter> {
  const options = { ...content, signal }
  const earlier = left === undefined ? '' : feedNames(feed).data({ sequence, run: left.run }, part, extension)
  const bytes = left?.bytes.get(earlier)
  // Files that are ended together name the moment of their feed, so that none is ever as before.
  const fits = bytes !== undefined && bytes <= (store.copier?.maxBytes ?? -1) && !together
  return fits ? new ResumedWriter({ store, name, options, earlier }) : store.create(name, options)
}

interface Targets<P extends Page<P>> {
  readonly encoder: Encoder<P>
  readonly files: FeedFiles<P>
  readonly quarantine: Quarantine
  readonly rejections: Rejections
}

async function copy<P extends Page<P>>(writing: Writing, targets: Targets<P>): Promise<void> {
  const { settings, table, signal, progress } = writing
  const { encoder, files, quarantine, rejections } = targets
  const { as: format, map, snapshotMs: maxSnapshotAgeMs, stopAbove } = settings
  const validate = format.preset?.validator()
  let rows = 0
  let startedMs = performance.now()
  for await (const { read, page } of encoder.pages(table, { map, validate, rejections, signal, maxSnapshotAgeMs })) {
    rows += read
    await quarantine.write(rejections.take())
    // Early, so that a feed that is all wrong is not written for an hour first.
    rejections.checkSoFar(rows, stopAbove)
    await files.add(page)
    const nowMs = performance.now()
    progress(read, nowMs - startedMs)
    startedMs = nowMs
  }
  rejections.check(rows, stopAbove)
}

interface Discarding {
  readonly settings: FeedSettings
  readonly attempt: Attempt
  readonly names: readonly string[]
  /** Why, when something failed. */
  readonly error?: unknown
}

/** Deletes what an attempt wrote. Best effort: what stays behind is swept later. */
export async function discard({ settings, attempt, names, error }: Discarding): Promise<void> {
  const signal = AbortSignal.timeout(DISCARD_MS)
  await settings.to.delete(names, signal).catch(() => undefined)
  if (error instanceof DataError && error.code === 'feed-rejected') return
  await settings.quarantine?.delete([feedNames(settings.name).rejected(attempt)], signal).catch(() => undefined)
}

const DISCARD_MS = 5_000

/** Those that the format names must be there, unless `map` makes them. */
function checkColumns({ as, map }: FeedSettings, table: TableExport, asked: readonly string[] | undefined): void {
  const known = table.columns.map(({ name }) => name)
  const unknown = map === undefined ? asked?.find((name) => !known.includes(name)) : undefined
  if (unknown === undefined) return
  throw new ConfigError({
    code: 'column-missing',
    key: `feed({ as: ${as.name}({ columns }) })`,
    message: `${table.label} has no column ${JSON.stringify(unknown)}`,
    fix: `name some of: ${known.join(', ')}`,
  })
}
