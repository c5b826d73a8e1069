import { DataError } from '../../core/errors.js'
import type { TableExport } from '../../core/export.js'
import type { FeedFile } from './manifest.js'
import { type Attempt, feedNames } from './names.js'
import type { Generation } from './part-file.js'
import type { LeftFiles } from './published.js'
import { Quarantine } from './quarantine.js'
import type { Rejections } from './rejections.js'
import { Seen } from './seen.js'
import type { FeedSettings } from './settings.js'
import { refuseUnsupported, writeFiles } from './write-files.js'

export interface Writing {
  readonly settings: FeedSettings
  readonly table: TableExport
  readonly attempt: Attempt
  /** Of a run that was killed. */
  readonly left: LeftFiles | undefined
  readonly generation: Generation
  readonly signal: AbortSignal
  /** Takes the rows that are left out. */
  readonly rejections: Rejections
  /** Called now and then with the rows that were read since. */
  progress(rows: number, durationMs: number): void
}

/** The files of an attempt, whole and durable, but not yet published. */
export interface WrittenFeed {
  readonly files: readonly FeedFile[]
  readonly rejections: Rejections
  /** Of files that workers have written, and read back: how many ranges, and who did them. */
  readonly shared?: Shared
}

export interface Shared {
  readonly ranges: number
  /** What identifies each. */
  readonly workers: readonly string[]
}

/** Reads the table in one snapshot and writes its files. What it wrote is taken back when it throws. */
export async function writeFeed(writing: Writing): Promise<WrittenFeed> {
  const { settings, table, attempt, generation, left, signal, rejections, progress } = writing
  refuseUnsupported(settings, table)
  const names = feedNames(settings.name)
  const quarantine = new Quarantine(settings.quarantine, names.rejected(attempt), signal)
  let rows = 0
  let startedMs = performance.now()
  const files = await writeFiles({
    ...{ settings, table, generation, signal, rejections, seen: new Seen(), evenEmpty: true },
    nameOf: (part, extension) => names.data(attempt, part, extension),
    earlier: (part, extension) => {
      if (left === undefined) return undefined
      const name = names.data({ sequence: attempt.sequence, run: left.run }, part, extension)
      const bytes = left.bytes.get(name)
      return bytes === undefined ? undefined : { name, bytes }
    },
    page: async (read, rejected) => {
      rows += read
      await quarantine.write(rejected)
      // Early, so that a feed that is all wrong is not written for an hour first.
      rejections.checkSoFar(rows, settings.stopAbove)
      const nowMs = performance.now()
      progress(read, nowMs - startedMs)
      startedMs = nowMs
    },
    read: () => {
      rejections.check(rows, settings.stopAbove)
      return quarantine.commit()
    },
    discard: async (written, error) => {
      await quarantine.give(error)
      await discard({ settings, attempt, names: written, error })
    },
  })
  return { files, rejections }
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
