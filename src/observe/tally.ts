import type { ExitCode } from '../core/errors.js'
import type { BatchEvent, FlowEvent, Observer } from '../core/observer.js'
import { scrub } from '../core/secret.js'
import type { LastRun, LeaseTold } from '../core/state.js'
import { batchesIn, eachBatch, lastLagOf } from './each-batch.js'
import { LagHistogram } from './lag-histogram.js'
import { RateWindow } from './rate-window.js'

/** How one flow stands. All figures since it started, but for `itemsPerSecond`. Times are ISO 8601, UTC. */
export interface FlowTally {
  readonly flow: string
  readonly kind: string
  /** `scheduled`: between two runs. `paused`: until it is resumed. `standby`: another instance runs it. */
  readonly state: 'running' | 'standby' | 'scheduled' | 'draining' | 'paused' | 'stopped' | 'failed'
  readonly startedAt: string
  readonly items: number
  readonly batches: number
  /** Over the last 10 s, or since the start when that is shorter. */
  readonly itemsPerSecond: number
  /** Lag of the items in ms: of the last batch, and percentiles with an error of 9 %. */
  readonly lagMs:
    | { readonly last: number; readonly p50: number; readonly p99: number; readonly max: number }
    | undefined
  readonly retries: number
  readonly deadLetters: number
  /** Letters that became held; some of them may be stored by now. */
  readonly held: number
  /** Left out on purpose, e.g. as stale. */
  readonly skipped: number
  readonly conflicts: number
  readonly caughtUp: boolean
  /** What does not work at the moment, and why. */
  readonly unhealthy: readonly { readonly subject: string; readonly reason: string | undefined }[]
  readonly lastVerdict:
    | {
        readonly verdict: string
        readonly detail: string
        readonly figures: Readonly<Record<string, number>>
        readonly at: string
      }
    | undefined
  readonly lastNotice: { readonly level: string; readonly code: string; readonly message: string } | undefined
  /** Message of the last error that was retried or that stopped the flow, without credentials. */
  readonly lastError: string | undefined
  readonly exitCode: ExitCode | undefined
  /** Of flows with a schedule: when it runs again, and how the run before ended. */
  readonly nextRunAt: string | undefined
  readonly lastRun: LastRun | undefined
  /** Of a flow that must run once: who has the lease. */
  readonly lease: LeaseTold | undefined
}

export interface Tally {
  readonly observer: Observer
  /** The same, for those who know what time it is. */
  take(event: FlowEvent, nowMs: number): void
  /** A copy of how every flow stands, in the order in which they started. */
  snapshot(): readonly FlowTally[]
  /** The same of one flow; `undefined` before its first event. */
  of(flow: string): FlowTally | undefined
}

/** Keeps count of flows in memory that does not grow: for the live view, summaries and heartbeats. */
export function tally(): Tally {
  const flows = new Map<string, FlowCounter>()
  const take = (event: FlowEvent, nowMs: number): void => {
    let counter = flows.get(event.flow)
    if (counter === undefined || (event.type === 'started' && counter.over)) {
      counter = new FlowCounter(event.flow)
      flows.set(event.flow, counter)
    }
    if (event.type === 'batch') counter.batch(event, nowMs)
    else counter.count(event)
  }
  return {
    observer: (event) => take(event, Date.now()),
    take,
    snapshot: () => [...flows.values()].map((counter) => counter.snapshot()),
    of: (flow) => flows.get(flow)?.snapshot(),
  }
}

class FlowCounter {
  readonly #flow: string
  #startedAt = Date.now()
  readonly #rate = new RateWindow()
  readonly #lags = new LagHistogram()
  readonly #unhealthy = new Map<string, string | undefined>()
  #kind = ''
  #state: FlowTally['state'] = 'running'
  #items = 0
  #batches = 0
  #lastLagMs = 0
  #retries = 0
  #deadLetters = 0
  #held = 0
  #skipped = 0
  #conflicts = 0
  #caughtUp = false
  #verdict: FlowTally['lastVerdict']
  #notice: FlowTally['lastNotice']
  /** As it was told. */
  #error: string | undefined
  #exitCode: ExitCode | undefined
  #nextRunAt: string | undefined
  #lastRun: LastRun | undefined
  #lease: LeaseTold | undefined

  constructor(flow: string) {
    this.#flow = flow
  }

  get over(): boolean {
    return this.#state === 'stopped' || this.#state === 'failed'
  }

  batch(event: BatchEvent, nowMs: number): void {
    this.#batches += batchesIn(event)
    this.#items += event.items
    this.#rate.add(event.items, nowMs)
    if (event.lagMs === undefined) return
    this.#lastLagMs = lastLagOf(event) ?? event.lagMs
    eachBatch(event, (items, _, lagMs) => {
      if (lagMs !== undefined) this.#lags.record(lagMs, items)
    })
  }

  count(event: FlowEvent): void {
    switch (event.type) {
      case 'started':
        this.#begin(event.kind)
        return
      case 'scheduled':
        this.#await(event)
        return
      case 'retry':
        this.#retries++
        this.#error = event.error.message
        return
      case 'health':
        if (event.healthy) this.#unhealthy.delete(event.subject)
        else this.#unhealthy.set(event.subject, event.reason === undefined ? undefined : scrub(event.reason))
        return
      case 'dead-letters':
        if (event.held) this.#held += event.count
        else this.#deadLetters += event.count
        return
      case 'skipped':
        this.#skipped += event.count
        return
      case 'conflicts':
        this.#conflicts += event.count
        return
      case 'verdict': {
        const { verdict, detail, figures } = event
        this.#verdict = { verdict, detail, figures, at: new Date().toISOString() }
        return
      }
      case 'notice':
        this.#notice = { level: event.level, code: event.code, message: scrub(event.message) }
        return
      case 'published':
        this.#notice = { level: 'info', code: 'feed-published', message: scrub(`published ${event.detail}`) }
        return
      default:
        this.#turn(event)
    }
  }

  /** Into another state. */
  #turn(event: FlowEvent): void {
    switch (event.type) {
      case 'standby':
        this.#state = 'standby'
        this.#lease = event.lease
        return
      case 'leading':
        this.#lead(event.lease)
        return
      case 'caught-up':
        this.#caughtUp = true
        return
      case 'draining':
        this.#state = 'draining'
        return
      case 'paused':
        this.#state = 'paused'
        this.#kind = event.kind
        return
      case 'stopped':
        this.#stop(event)
        return
    }
  }

  /** With a schedule again and again. */
  #begin(kind: string): void {
    this.#kind = kind
    if (this.#state !== 'scheduled' && this.#state !== 'paused') return
    this.#state = 'running'
    this.#startedAt = Date.now()
    this.#error = undefined
    this.#unhealthy.clear()
  }

  /** Only now it runs: of several instances that are up the last to begin is the one that counts. */
  #lead(lease: LeaseTold): void {
    if (this.#state === 'standby') this.#startedAt = Date.now()
    if (this.#state === 'standby') this.#state = 'running'
    this.#lease = lease
  }

  #await({ kind, nextAt }: FlowEvent & { readonly type: 'scheduled' }): void {
    this.#kind = kind
    this.#state = 'scheduled'
    this.#nextRunAt = nextAt
    this.#startedAt = Date.now()
  }

  #stop({ error, exitCode }: FlowEvent & { readonly type: 'stopped' }): void {
    const ran = this.#state !== 'scheduled'
    this.#state = error === undefined ? 'stopped' : 'failed'
    this.#exitCode = exitCode
    if (error !== undefined) this.#error = error.message
    if (this.#nextRunAt !== undefined && ran) {
      const startedAt = new Date(this.#startedAt).toISOString()
      this.#lastRun = { startedAt, endedAt: new Date().toISOString(), exitCode, error: error && scrub(error.message) }
    }
    this.#nextRunAt = undefined
    this.#lease = undefined
  }

  snapshot(): FlowTally {
    const now = Date.now()
    return {
      flow: this.#flow,
      kind: this.#kind,
      state: this.#state,
      startedAt: new Date(this.#startedAt).toISOString(),
      items: this.#items,
      batches: this.#batches,
      itemsPerSecond: this.#rate.perSecond(now, this.#startedAt),
      lagMs: this.#lag(),
      retries: this.#retries,
      deadLetters: this.#deadLetters,
      held: this.#held,
      skipped: this.#skipped,
      conflicts: this.#conflicts,
      caughtUp: this.#caughtUp,
      unhealthy: [...this.#unhealthy].map(([subject, reason]) => ({ subject, reason })),
      lastVerdict: this.#verdict,
      lastNotice: this.#notice,
      lastError: this.#error && scrub(this.#error),
      exitCode: this.#exitCode,
      nextRunAt: this.#nextRunAt,
      lastRun: this.#lastRun,
      lease: this.#lease,
    }
  }

  #lag(): FlowTally['lagMs'] {
    const [p50, p99, max] = [this.#lags.quantile(0.5), this.#lags.quantile(0.99), this.#lags.max]
    if (p50 === undefined || p99 === undefined || max === undefined) return undefined
    return { last: this.#lastLagMs, p50, p99, max }
  }
}
