import { ConfigError, DataError } from '../../core/errors.js'
import type { TableExport } from '../../core/export.js'
import type { Encoder } from './encoder.js'
import { FeedFiles } from './feed-files.js'
import type { FeedFile } from './manifest.js'
import { type Attempt, feedNames } from './names.js'
import { parquetEncoder } from './parquet/parquet-encoder.js'
import type { Generation, Page } from './part-file.js'
import { Quarantine } from './quarantine.js'
import { Rejections } from './rejections.js'
import type { FeedSettings } from './settings.js'
import { textEncoder } from './text-encoder.js'

export interface Writing {
  readonly settings: FeedSettings
  readonly table: TableExport
  readonly attempt: Attempt
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
    open: async (name) => encoder.part(await settings.to.create(name, { ...encoder.content, signal })),
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
