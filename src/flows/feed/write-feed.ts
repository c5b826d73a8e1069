import { ConfigError, DataError } from '../../core/errors.js'
import type { TableExport } from '../../core/export.js'
import { FeedFiles } from './feed-files.js'
import type { Format } from './format.js'
import type { FeedFile } from './manifest.js'
import { type Attempt, feedNames } from './names.js'
import type { TextPage } from './page.js'
import { pagesOf } from './pages.js'
import type { Generation } from './part-file.js'
import { Quarantine } from './quarantine.js'
import { Rejections } from './rejections.js'
import type { FeedSettings } from './settings.js'
import { TextPart } from './text-part.js'

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
  readonly columns: readonly string[]
  readonly rejections: Rejections
  readonly oversized: number
}

/** Reads the table in one snapshot and writes its files. What it wrote is taken back when it throws. */
export async function writeFeed(writing: Writing): Promise<WrittenFeed> {
  const { settings, table, attempt, signal } = writing
  const names = feedNames(settings.name)
  const columns = columnsOf(settings.as, table, settings.map !== undefined)
  const files = filesOf(writing, columns)
  const quarantine = new Quarantine(settings.quarantine, names.rejected(attempt), signal)
  const rejections = new Rejections()
  try {
    await copy(writing, { files, quarantine, rejections })
    await quarantine.commit()
    return { files: await files.end(), columns, rejections, oversized: files.oversized }
  } catch (error) {
    await files.abort()
    // Then somebody wants to know which rows.
    if (error instanceof DataError && error.code === 'feed-rejected') await quarantine.commit().catch(() => undefined)
    await quarantine.abort()
    await discard({ settings, attempt, names: files.names, error })
    throw error
  }
}

function filesOf({ settings, attempt, generation, signal }: Writing, columns: readonly string[]): FeedFiles<TextPage> {
  const { as: format, gzip, rotate, to, name } = settings
  const extension = `${format.extension}${gzip === false ? '' : '.gz'}`
  const { encoding, contentType } = format
  return new FeedFiles({
    rows: rotate.rows,
    together: encoding.together === true,
    generation,
    nameOf: (part) => feedNames(name).data(attempt, part, extension),
    async open(file) {
      const encoded = gzip === false ? {} : { contentEncoding: 'gzip' as const }
      const writer = await to.create(file, { contentType, ...encoded, signal })
      const level = gzip === false ? undefined : gzip.level
      return new TextPart({ writer, encoding, columns, bytes: rotate.bytes, level })
    },
  })
}

interface Targets {
  readonly files: FeedFiles<TextPage>
  readonly quarantine: Quarantine
  readonly rejections: Rejections
}

async function copy({ settings, table, signal, progress }: Writing, targets: Targets): Promise<void> {
  const { files, quarantine, rejections } = targets
  const { as: format, map, snapshotMs, stopAbove } = settings
  let rows = 0
  let startedMs = performance.now()
  for await (const { read, page } of pagesOf(table, {
    format,
    map,
    validate: format.preset?.validator(),
    rejections,
    signal,
    maxSnapshotAgeMs: snapshotMs,
  })) {
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

/** The columns that the head of a CSV names. */
function columnsOf(format: Format, table: TableExport, mapped: boolean): readonly string[] {
  const known = table.columns.map(({ name }) => name)
  const asked = format.columns ?? known
  const unknown = mapped ? undefined : asked.find((name) => !known.includes(name))
  if (unknown === undefined) return asked
  throw new ConfigError({
    code: 'column-missing',
    key: 'feed({ as: csv({ columns }) })',
    message: `${table.label} has no column ${JSON.stringify(unknown)}`,
    fix: `name some of: ${known.join(', ')}`,
  })
}
