import type { Alert, AlertKind, AlertRules } from '../../core/alert.js'
import { EXIT } from '../../core/errors.js'
import type { BatchEvent, FlowEvent } from '../../core/observer.js'
import { eachBatch } from '../each-batch.js'
import type { Condition } from './condition.js'
import { Conditions, type Due } from './conditions.js'
import { LagWatch } from './lag-watch.js'
import type { AlertPolicy } from './rules.js'
import { checkOutcome, feedOutcome, type RunOutcome } from './run-outcome.js'
import { commandOf, duration, RESOLVED, whyStopped } from './wording.js'

export interface FlowSubject {
  readonly name: string
  readonly kind: string
}

/** How long a flow that goes on must be well before that is told; what flaps would else be told all the time. */
const STEADY_MS = 60_000

/**
 * What is wrong with one flow and what people are to be told of it, as a state machine: events and moments go in, alerts
 * come out. It does nothing by itself and keeps no time.
 */
export class FlowAlerts {
  readonly #flow: FlowSubject
  readonly #rules: AlertRules
  readonly #conditions: Conditions
  readonly #lag: LagWatch
  readonly #failing = new Set<string>()
  #verdict: (FlowEvent & { readonly type: 'verdict' }) | undefined
  #sampleWell: number | undefined

  constructor(flow: FlowSubject, rules: AlertRules, policy: AlertPolicy) {
    this.#flow = flow
    this.#rules = rules
    this.#conditions = new Conditions({
      repeat: policy.repeat,
      enabled: (kind) => this.#enabled(kind),
      settleMs: (kind) => this.#settleMs(kind),
    })
    this.#lag = new LagWatch(rules.lagAboveMs ?? Number.POSITIVE_INFINITY, rules.forMs)
  }

  /** It has an end by itself, and its result is told then. */
  get #ends(): boolean {
    return this.#flow.kind === 'check' || this.#flow.kind === 'feed'
  }

  /** `leaving`: the process was asked to stop. */
  observe(event: FlowEvent, nowMs: number, leaving: boolean): void {
    switch (event.type) {
      case 'batch':
        this.#batch(event, nowMs)
        return
      case 'started':
        this.#start(nowMs)
        return
      case 'verdict':
        this.#verdict = event
        return
      case 'health':
        this.#health(event, nowMs)
        return
      case 'stopped':
        this.#stop(event, nowMs, leaving)
        return
      default:
        return
    }
  }

  /** How many dead letters wait. */
  letters(count: number, nowMs: number): void {
    const limit = this.#rules.deadLettersAbove
    if (limit === undefined) return
    if (count <= limit) this.#conditions.isWell('dead-letters', nowMs)
    else
      this.#conditions.raise('dead-letters', nowMs, {
        message: `${count} dead letters wait, more than ${limit}`,
        count,
      })
  }

  /** Time has passed. */
  look(nowMs: number): void {
    const { lagAboveMs, forMs } = this.#rules
    if (lagAboveMs === undefined || this.#ends) return
    const state = this.#lag.state(nowMs)
    if (state.kind === 'well') this.#conditions.isWell('lag', nowMs)
    else if (state.kind === 'unsure') this.#conditions.unsure('lag')
    else {
      const { lagMs, because } = state
      const behind = `is ${duration(lagMs)} behind, more than ${duration(lagAboveMs)} for ${duration(forMs)}`
      const message = because === undefined ? behind : `has stored nothing for ${duration(lagMs)}: ${because} fails`
      this.#conditions.raise('lag', nowMs, { message, count: Math.round(lagMs) })
    }
  }

  /** What is to be told now. */
  due(nowMs: number): readonly Alert[] {
    this.look(nowMs)
    return this.#conditions.due(nowMs).map((due) => this.#alert(due))
  }

  /** The next moment after `nowMs` at which there may be something to tell. */
  nextMs(nowMs: number): number | undefined {
    const look = this.#lag.nextMs(nowMs)
    const all = [...this.#conditions.moments(), ...(look === undefined ? [] : [look])]
    return all.length === 0 ? undefined : Math.min(...all)
  }

  /** An instance says that it is about to tell, before it does. */
  claim(kind: AlertKind, nowMs: number): void {
    this.#conditions.claim(kind, nowMs)
  }

  told({ kind, status }: Alert, nowMs: number): void {
    this.#conditions.told(kind, status, nowMs)
  }

  /** Nobody took it: it is tried again at `untilMs`. */
  putOff(kind: AlertKind, untilMs: number): void {
    this.#conditions.putOff(kind, untilMs)
  }

  /** What was saved, by this instance or by another one, and what is known here, taken together. */
  restore(kind: AlertKind, saved: Condition | undefined): void {
    this.#conditions.restore(
      kind,
      saved,
      kind === 'different' && saved?.sampled === true ? this.#sampleWell : undefined,
    )
  }

  get(kind: AlertKind): Condition | undefined {
    return this.#conditions.get(kind)
  }

  /** What is not saved yet; the caller saves it. */
  takeChanged(): readonly AlertKind[] {
    return this.#conditions.takeChanged()
  }

  get hasChanged(): boolean {
    return this.#conditions.hasChanged
  }

  #batch(event: BatchEvent, nowMs: number): void {
    let mayHaveChanged = false
    eachBatch(event, (_, __, lagMs) => {
      if (this.#lag.batch(event.lane, lagMs, nowMs)) mayHaveChanged = true
    })
    if (mayHaveChanged) this.look(nowMs)
  }

  #start(nowMs: number): void {
    this.#verdict = undefined
    this.#failing.clear()
    this.#lag.clear()
    if (this.#ends) return
    this.#conditions.isWell('stopped', nowMs)
    this.look(nowMs)
  }

  #health({ subject, healthy }: FlowEvent & { readonly type: 'health' }, nowMs: number): void {
    if (this.#ends) return
    if (healthy) this.#failing.delete(subject)
    else this.#failing.add(subject)
    this.#lag.health(subject, healthy, nowMs)
    if (this.#failing.size > 0) this.#conditions.unsure('stopped')
    else this.#conditions.isWell('stopped', nowMs)
    this.look(nowMs)
  }

  #stop(event: FlowEvent & { readonly type: 'stopped' }, nowMs: number, leaving: boolean): void {
    const { kind } = this.#flow
    if (kind === 'check') this.#end(checkOutcome(event, this.#verdict, leaving), nowMs)
    else if (kind === 'feed') this.#end(feedOutcome(event, leaving), nowMs)
    else this.#leave(event, nowMs, leaving)
  }

  #leave(event: FlowEvent & { readonly type: 'stopped' }, nowMs: number, leaving: boolean): void {
    this.#lag.clear()
    this.#failing.clear()
    if (event.error !== undefined) {
      this.#conditions.unsure('lag')
      this.#conditions.raise('stopped', nowMs, { message: whyStopped(event.error) })
    } else if (event.exitCode === EXIT.ok && !leaving) {
      // It came to its end, so all of it is well.
      for (const one of ['stopped', 'lag'] as const) this.#conditions.isWell(one, nowMs - this.#settleMs(one))
    } else for (const one of ['stopped', 'lag'] as const) this.#conditions.unsure(one)
  }

  #end(outcome: RunOutcome, nowMs: number): void {
    if (outcome.kind === 'nothing') return
    if (outcome.kind === 'failed') {
      this.#conditions.raise('stopped', nowMs, outcome)
      return
    }
    this.#conditions.isWell('stopped', nowMs)
    if (outcome.kind === 'refused') this.#conditions.raise('refused', nowMs, outcome)
    else if (outcome.kind === 'published') this.#conditions.isWell('refused', nowMs)
    else this.#compared(outcome, nowMs)
  }

  #compared(outcome: RunOutcome & { readonly kind: 'same' | 'different' }, nowMs: number): void {
    const from = this.#rules.checkDifferent ?? Number.POSITIVE_INFINITY
    if (outcome.kind === 'different' && outcome.count >= from) {
      this.#conditions.raise('different', nowMs, outcome)
      return
    }
    // A share of the rows says nothing of what was found in all of them.
    if (outcome.sampled) this.#sampleWell = nowMs
    if (outcome.sampled && this.#conditions.get('different')?.sampled !== true) return
    this.#conditions.isWell('different', nowMs)
  }

  #alert({ kind, condition, telling }: Due): Alert {
    const { since, message, count } = condition
    return {
      flow: this.#flow.name,
      flowKind: this.#flow.kind,
      kind,
      status: telling,
      since: new Date(since).toISOString(),
      message: telling === 'resolved' ? RESOLVED[kind] : message,
      ...(count === undefined || telling === 'resolved' ? {} : { count }),
      command: commandOf(kind, this.#flow.name),
    }
  }

  #enabled(kind: AlertKind): boolean {
    const { stopped, lagAboveMs, deadLettersAbove, checkDifferent, feedRefused } = this.#rules
    return {
      stopped,
      lag: lagAboveMs !== undefined,
      'dead-letters': deadLettersAbove !== undefined,
      different: checkDifferent !== undefined,
      refused: feedRefused,
    }[kind]
  }

  /** A run that ended has its result; what goes on may turn again. */
  #settleMs(kind: AlertKind): number {
    if (kind === 'lag') return this.#rules.forMs
    return kind === 'dead-letters' || (kind === 'stopped' && !this.#ends) ? STEADY_MS : 0
  }
}
