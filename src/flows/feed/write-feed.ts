import { ConfigError } from '../../core/errors.js'
import type { TableExport } from '../../core/export.js'
import { FeedFiles } from './feed-files.js'
import type { Format } from './format.js'
import type { FeedFile } from './manifest.js'
import { type Attempt, feedNames } from './names.js'
import { pagesOf } from './pages.js'
import { Quarantine } from './quarantine.js'
import { Rejections } from './rejections.js'
import type { FeedSettings } from './settings.js'

export interface Writing {
  readonly settings: FeedSettings
  readonly table: TableExport
  readonly attempt: Attempt
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
  const extension = `${settings.as.extension}${settings.gzip === false ? '' : '.gz'}`
  const columns = columnsOf(settings.as, table, settings.map !== undefined)
  const files = new FeedFiles({
    store: settings.to,
    format: settings.as,
    columns,
    rotate: settings.rotate,
    level: settings.gzip === false ? undefined : settings.gzip.level,
    nameOf: (part) => names.data(attempt, part, extension),
    signal,
  })
  const quarantine = new Quarantine(settings.quarantine, names.rejected(attempt), signal)
  const rejections = new Rejections()
  try {
    await copy(writing, { files, quarantine, rejections })
    await quarantine.commit()
    return { files: await files.end(), columns, rejections, oversized: files.oversized }
  } catch (error) {
    await Promise.all([files.abort(), quarantine.abort()])
    await discard(settings, attempt, files.names)
    throw error
  }
}

interface Targets {
  readonly files: FeedFiles
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

/** Deletes what an attempt wrote. Best effort: what stays behind is swept later. */
export async function discard(settings: FeedSettings, attempt: Attempt, names: readonly string[]): Promise<void> {
  const signal = AbortSignal.timeout(DISCARD_MS)
  await settings.to.delete(names, signal).catch(() => undefined)
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
