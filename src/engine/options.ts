import type { Observer } from '../core/observer.js'
import type { RetryOptions } from './retry.js'

export interface RunOptions {
  readonly observer: Observer
  /** Stop reading, finish the batches already read, resolve. */
  readonly drain: AbortSignal
  /** Resolve at once, whatever is going on. */
  readonly abort: AbortSignal
  /** End as soon as `source.caughtUp` resolves. A source without `caughtUp` ends by itself. Default false. */
  readonly untilCaughtUp?: boolean
  readonly retry?: Partial<RetryOptions>
  /** For one `sink.write` or `sink.probe`, in ms; when it passes, the write is tried again. Default 30,000. */
  readonly writeDeadlineMs?: number
  /** For one call of a checkpoint or dead-letter store or of `source.acknowledge`, in ms. Default 15,000. */
  readonly stateDeadlineMs?: number
  /** For the end of the source's iteration once its signal has aborted, in ms. Default 5,000. */
  readonly closeDeadlineMs?: number
  /** Draining that takes longer than this many ms becomes an abort. Default 25,000, below the 30 s of Kubernetes. */
  readonly drainMs?: number
  /** Batches of one lane in memory, the one being written included. Default 4. */
  readonly maxBufferedBatches?: number
  /** Batches of all lanes in memory; while there are so many the source is not asked for more. Default 16. */
  readonly maxInFlightBatches?: number
  /** Bytes of these batches, by `Line.sizeOf`; one batch may pass it. Default: no limit. */
  readonly maxInFlightBytes?: number
  /**
   * Items of batches that wait in one lane and are written as one, at most, when the flow has fallen behind. Default 0: each
   * batch is written by itself.
   */
  readonly maxItemsTogether?: number
  /** The same in bytes, by `Line.sizeOf`. Default 8 MiB. */
  readonly maxBytesTogether?: number
  /** Batches that are written at the same time, whatever their number of lanes. Default 16. */
  readonly maxConcurrentWrites?: number
  /** Restarts after conflicts that follow one another within a minute, before the run throws. Default 5. */
  readonly maxConflicts?: number
  /** A batch with a greater share of bad items fails as a whole (`SystemicError`). Default 0.5. */
  readonly systemicShare?: number
  /** Batches with fewer items than this are never systemic: two bad items of three prove nothing. Default 20. */
  readonly systemicMinItems?: number
}

export const RUN_DEFAULTS = {
  untilCaughtUp: false,
  retry: { initialMs: 100, maxMs: 5_000, random: Math.random },
  writeDeadlineMs: 30_000,
  stateDeadlineMs: 15_000,
  closeDeadlineMs: 5_000,
  drainMs: 25_000,
  maxBufferedBatches: 4,
  maxInFlightBatches: 16,
  maxInFlightBytes: Number.POSITIVE_INFINITY,
  maxItemsTogether: 0,
  maxBytesTogether: 8 * 1024 * 1024,
  maxConcurrentWrites: 16,
  maxConflicts: 5,
  systemicShare: 0.5,
  systemicMinItems: 20,
} as const satisfies Omit<Required<RunOptions>, 'observer' | 'drain' | 'abort'>

export type Settings = Omit<Required<RunOptions>, 'retry'> & { readonly retry: RetryOptions }

export function settingsOf(options: RunOptions): Settings {
  return { ...RUN_DEFAULTS, ...options, retry: { ...RUN_DEFAULTS.retry, ...options.retry } }
}
