import type { BatchEvent, FlowEvent } from '../../core/observer.js'
import { scrub } from '../../core/secret.js'
import { eachBatch } from '../each-batch.js'
import type { FlowTally } from '../tally.js'
import type { FlowFigures, SeriesStep } from './flow-figures.js'
import { TotalsCounter } from './flow-totals.js'
import { codeOf, firstLine } from './happening.js'
import { Happenings } from './happenings.js'
import { Lanes } from './lane-figures.js'
import { Series } from './series.js'
import { SeriesPair } from './series-pair.js'

const FINE_MS = 1_000
const FINE_STEPS = 300
const COARSE_STEPS = 360
const KEPT_HAPPENINGS = 200
/** Of fine steps, for the lag of now. */
const RECENT_STEPS = 10

/** What is kept of one flow beside its tally. Its memory does not grow: about 60 kB. */
export class FlowPanel {
  readonly happenings = new Happenings(KEPT_HAPPENINGS)
  readonly lanes = new Lanes()
  readonly totals = new TotalsCounter()
  readonly #series = new SeriesPair(new Series(FINE_MS, FINE_STEPS), new Series(10_000, COARSE_STEPS))
  readonly #unhealthySince = new Map<string, string>()
  #error: { readonly error: Error; readonly atMs: number } | undefined
  #noticeAt = ''

  series(step: SeriesStep): Series {
    const { fine, coarse } = this.#series.settled()
    return step === FINE_MS ? fine : coarse
  }

  batch(event: BatchEvent, nowMs: number): void {
    this.#series.batch(nowMs, event)
    this.lanes.batch(nowMs, event)
    eachBatch(event, (items, durationMs) => this.totals.batch(items, durationMs))
  }

  /** Of whatever is no batch. O(1). */
  take(event: FlowEvent, nowMs: number): void {
    this.totals.take(event)
    switch (event.type) {
      case 'retry':
        this.#series.add(nowMs, { retries: 1 })
        this.#note(event.error, nowMs)
        return
      case 'dead-letters':
        if (!event.held) this.#series.add(nowMs, { deadLetters: event.count })
        return
      case 'health':
        this.#health(event, nowMs)
        return
      case 'notice':
      case 'published':
        this.#noticeAt = new Date(nowMs).toISOString()
        return
      case 'started':
        this.#unhealthySince.clear()
        return
      case 'stopped':
        this.#unhealthySince.clear()
        if (event.error !== undefined) this.#note(event.error, nowMs)
        return
    }
  }

  figures(tally: FlowTally, nowMs: number): FlowFigures {
    const { lastNotice, lagMs } = tally
    return {
      ...tally,
      heardAt: new Date(nowMs).toISOString(),
      lagMs: this.series(FINE_MS).greatestLagMs(nowMs, RECENT_STEPS),
      lag: lagMs && { p50: lagMs.p50, p99: lagMs.p99, max: lagMs.max },
      unhealthy: tally.unhealthy.map(({ subject, reason }) => ({
        subject,
        reason: reason === undefined ? undefined : firstLine(reason),
        since: this.#unhealthySince.get(subject) ?? tally.startedAt,
      })),
      lastError: this.#error && lastError(this.#error),
      lastNotice: lastNotice && { ...lastNotice, at: this.#noticeAt },
    }
  }

  #note(error: Error, nowMs: number): void {
    this.#error = { error, atMs: nowMs }
  }

  #health({ subject, healthy }: FlowEvent & { readonly type: 'health' }, nowMs: number): void {
    if (healthy) this.#unhealthySince.delete(subject)
    else if (!this.#unhealthySince.has(subject)) this.#unhealthySince.set(subject, new Date(nowMs).toISOString())
  }
}

function lastError({ error, atMs }: { readonly error: Error; readonly atMs: number }): FlowFigures['lastError'] {
  return { message: scrub(error.message), code: codeOf(error), at: new Date(atMs).toISOString() }
}
