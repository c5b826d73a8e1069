import type { ExitCode } from './errors.js'
import type { LeaseTold } from './state.js'

/**
 * Everything a flow tells about itself. Logs, metrics and the live view are observers; none of them is called by the
 * engine in any other way. Events carry no row value.
 */
export type FlowEvent = {
  readonly flow: string
  /** Of the request to the API that it comes of. */
  readonly requestId?: string
} & (
  | { readonly type: 'started'; readonly kind: string }
  /** A flow with a schedule waits; `nextAt` (ISO 8601, UTC) is when it runs again. Between two runs, and before the first. */
  | { readonly type: 'scheduled'; readonly kind: string; readonly nextAt: string }
  /** A batch is stored and acknowledged. `lagMs` is an upper bound over its items. */
  | {
      readonly type: 'batch'
      readonly lane: string
      readonly items: number
      readonly durationMs: number
      readonly lagMs: number | undefined
      /** W3C trace contexts of its items, where they have some. Worked out when asked, and only while the event is told. */
      readonly traceparents?: () => readonly string[]
      /** Of an event that stands for several: then `items` and `durationMs` are sums, and `lagMs` is the greatest. */
      readonly each?: EachBatch
    }
  | { readonly type: 'checkpoint'; readonly lane: string }
  | {
      readonly type: 'retry'
      readonly lane: string
      readonly attempt: number
      readonly delayMs: number
      readonly error: Error
    }
  /** `subject` is what is (un)healthy, e.g. a database's label. Sent when it changes, not each time. */
  | {
      readonly type: 'health'
      readonly subject: string
      readonly healthy: boolean
      readonly reason: string | undefined
    }
  | {
      readonly type: 'dead-letters'
      readonly lane: string
      readonly count: number
      readonly code: string
      readonly reason: string
      /** They are tried again by the flow itself, and not dead yet. */
      readonly held?: boolean
    }
  /** Items that were left out on purpose: `unknown-type`, `stale` (a cache knew a newer version to be stored). */
  | { readonly type: 'skipped'; readonly lane: string; readonly count: number; readonly reason: string }
  | { readonly type: 'conflicts'; readonly count: number; readonly decision: string }
  /** A pass of exactness or of comparison ended; `detail` is for people, `figures` for machines. */
  | {
      readonly type: 'verdict'
      readonly verdict: 'same' | 'different' | 'unverified'
      readonly detail: string
      readonly figures: Readonly<Record<string, number>>
    }
  /** Something a person may want to know once, e.g. who holds back the oldest transaction. */
  | { readonly type: 'notice'; readonly level: 'info' | 'warn'; readonly code: string; readonly message: string }
  /** A feed is published: whoever looks finds it whole. `detail` is for people. */
  | {
      readonly type: 'published'
      readonly feed: string
      readonly sequence: number
      readonly rows: number
      readonly bytes: number
      readonly files: number
      readonly detail: string
    }
  /** Another instance runs the flow, this one waits for its turn. Told again when yet another took over. */
  | { readonly type: 'standby'; readonly lease: LeaseTold }
  /** This instance has the lease and runs the flow. `from`: who held it and let it expire. */
  | { readonly type: 'leading'; readonly lease: LeaseTold; readonly from: string | undefined }
  | { readonly type: 'caught-up' }
  | { readonly type: 'draining' }
  /** It was asked to pause, has finished what it had read and waits to be resumed. After `stopped`. */
  | { readonly type: 'paused'; readonly kind: string }
  | { readonly type: 'stopped'; readonly exitCode: ExitCode; readonly error: Error | undefined }
)

/** Several batches of a lane in the order in which they were stored; only while they are told. */
export interface EachBatch {
  readonly count: number
  /** `items`, `durationMs` and `lagMs` of the first, then of the next, and so on. A lag of -1: not known. */
  readonly figures: Float64Array
}

export type BatchEvent = FlowEvent & { readonly type: 'batch' }

/** Called synchronously on the hot path, once per batch at most: it must be quick and must not throw. */
export type Observer = (event: FlowEvent) => void
