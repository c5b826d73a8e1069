import type { BulkTable } from '../../core/bulk.js'
import { pause } from '../../engine/retry.js'
import { Target } from './target.js'

export interface LoadOptions {
  /** Each turn picks one of them at random. At least one; the same table may be there twice. */
  readonly tables: readonly BulkTable[]
  /** Rows per insert. Default 1000. */
  readonly batch?: number
  /** Ends when exactly so many rows are in, all tables together. Default: no end. */
  readonly rows?: number
  /** Ends after so many seconds. Default: no end. */
  readonly seconds?: number
  /** Rows per second at most, all tables together. Default: as fast as they come. */
  readonly rate?: number
  /** Ends the load: the insert under way is finished, no other begun. */
  readonly drain: AbortSignal
  /** Cuts the insert under way; whether its rows came to be is then unknown. */
  readonly abort: AbortSignal
  observe?(event: LoadEvent): void
}

export type LoadEvent =
  | { readonly type: 'batch'; readonly database: string; readonly rows: number; readonly durationMs: number }
  /** The insert failed and another is tried after `delayMs`. */
  | { readonly type: 'retry'; readonly database: string; readonly delayMs: number; readonly error: unknown }

export interface LoadSummary {
  /** Rows whose insert was confirmed. */
  readonly rows: number
  readonly seconds: number
  readonly rowsPerSecond: number
  /** Inserts that failed and were tried again with other values; the rows of one whose answer was lost may be there. */
  readonly errors: number
  /** One entry per table, in the order given. */
  readonly perDatabase: readonly {
    readonly database: string
    readonly table: string
    readonly rows: number
    readonly errors: number
  }[]
}

/**
 * An endless loop: each turn picks a table at random and inserts a batch of random rows; no turn waits, but for `rate`
 * and for a table that has just failed. It keeps one statement under way and knows nothing of who else reads or writes.
 * Throws what `BulkTable.insertRandom` throws when trying again does not help.
 */
export async function loadTables(options: LoadOptions): Promise<LoadSummary> {
  const targets = options.tables.map((table) => new Target(table))
  const startMs = performance.now()
  const { batch = 1000, rows: wanted = Number.POSITIVE_INFINITY } = options
  const deadlineMs = startMs + (options.seconds ?? Number.POSITIVE_INFINITY) * 1000
  const { drain, clear } = endsAt(options.drain, deadlineMs - startMs)
  let rows = 0
  try {
    while (!drain.aborted && rows < wanted) {
      const target = pick(targets, performance.now())
      const nowMs = performance.now()
      const waitMs = Math.max(target.notBeforeMs - nowMs, paceMs(rows, nowMs - startMs, options.rate))
      if (waitMs > 0) await pause(waitMs, drain)
      if (drain.aborted) break
      rows += await turn(target, Math.min(batch, wanted - rows), options)
    }
  } finally {
    clear()
  }
  return summary(targets, performance.now() - startMs)
}

/** Resolves with the rows that came to be; none when the insert failed and may be tried again. */
async function turn(target: Target, rows: number, options: LoadOptions): Promise<number> {
  const { database } = target.table
  const startMs = performance.now()
  try {
    const stored = await target.table.insertRandom(rows, options.abort)
    options.observe?.({ type: 'batch', database, rows: stored, durationMs: performance.now() - startMs })
    target.stored(stored)
    return stored
  } catch (error) {
    if (options.abort.aborted) return 0
    const delayMs = target.failed(error, performance.now())
    options.observe?.({ type: 'retry', database, delayMs, error })
    return 0
  }
}

/** How long to wait so that `rows` rows in `elapsedMs` are no more than the rate. */
function paceMs(rows: number, elapsedMs: number, rate: number | undefined): number {
  return rate === undefined ? 0 : (rows / rate) * 1000 - elapsedMs
}

/** One at random of those that may be used now; when there is none, the one that may be used first. */
function pick(targets: readonly Target[], nowMs: number): Target {
  const ready = targets.filter((target) => target.notBeforeMs <= nowMs)
  const [first, ...others] = targets
  if (first === undefined) throw new RangeError('loadTables needs at least one table')
  return (
    ready[Math.floor(Math.random() * ready.length)] ??
    others.reduce((soonest, target) => (target.notBeforeMs < soonest.notBeforeMs ? target : soonest), first)
  )
}

/** `signal`, but aborted after `ms` at the latest. `clear` lets the process end before that. */
function endsAt(signal: AbortSignal, ms: number): { drain: AbortSignal; clear: () => void } {
  const controller = new AbortController()
  const end = (): void => controller.abort()
  // A timer of more than 2^31 ms would fire at once.
  const timer = ms < 2 ** 31 ? setTimeout(end, ms) : undefined
  if (signal.aborted) end()
  signal.addEventListener('abort', end)
  return {
    drain: controller.signal,
    clear: () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
    },
  }
}

function summary(targets: readonly Target[], elapsedMs: number): LoadSummary {
  const rows = targets.reduce((sum, target) => sum + target.rows, 0)
  const seconds = elapsedMs / 1000
  return {
    rows,
    seconds: Number(seconds.toFixed(3)),
    rowsPerSecond: seconds === 0 ? 0 : Math.round(rows / seconds),
    errors: targets.reduce((sum, target) => sum + target.errors, 0),
    perDatabase: targets.map(({ table, rows, errors }) => ({
      database: table.database,
      table: table.name,
      rows,
      errors,
    })),
  }
}
