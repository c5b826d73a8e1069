import type { Alert, AlertKind, AlertRules } from '../../core/alert.js'
import { EXIT } from '../../core/errors.js'
import type { FlowEvent } from '../../core/observer.js'
import { type Condition, nextStep, type Telling } from './condition.js'
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
  readonly #policy: AlertPolicy
  readonly #conditions = new Map<AlertKind, Condition>()
  /** Since when each is known to be well; what is not in here is wrong, or not known yet. */
  readonly #well = new Map<AlertKind, number>()
  readonly #changed = new Set<AlertKind>()
  readonly #notBefore = new Map<AlertKind, number>()
  readonly #lag: LagWatch
  readonly #failing = new Set<string>()
  #verdict: (FlowEvent & { readonly type: 'verdict' }) | undefined
  #sampleWell: number | undefined

  constructor(flow: FlowSubject, rules: AlertRules, policy: AlertPolicy) {
    this.#flow = flow
    this.#rules = rules
    this.#policy = policy
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
        if (this.#lag.batch(event.lane, event.lagMs, nowMs)) this.look(nowMs)
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
    if (count <= limit) this.#isWell('dead-letters', nowMs)
    else this.#raise('dead-letters', nowMs, { message: `${count} dead letters wait, more than ${limit}`, count })
  }

  /** Time has passed. */
  look(nowMs: number): void {
    const { lagAboveMs, forMs } = this.#rules
    if (lagAboveMs === undefined || this.#ends) return
    const state = this.#lag.state(nowMs)
    if (state.kind === 'well') this.#isWell('lag', nowMs)
    else if (state.kind === 'unsure') this.#unsure('lag')
    else {
      const { lagMs, because } = state
      const behind = `is ${duration(lagMs)} behind, more than ${duration(lagAboveMs)} for ${duration(forMs)}`
      const message = because === undefined ? behind : `has stored nothing for ${duration(lagMs)}: ${because} fails`
      this.#raise('lag', nowMs, { message, count: Math.round(lagMs) })
    }
  }

  /** What is to be told now. */
  due(nowMs: number): readonly Alert[] {
    this.look(nowMs)
    return [...this.#conditions].flatMap(([kind, condition]) => {
      const { at, what } = nextStep(condition, this.#stepping(kind))
      if (at > nowMs || (this.#notBefore.get(kind) ?? 0) > nowMs) return []
      if (what !== 'forget') return [this.#alert(kind, condition, what)]
      this.#set(kind, undefined)
      return []
    })
  }

  /** The next moment after `nowMs` at which there may be something to tell. */
  nextMs(nowMs: number): number | undefined {
    const steps = [...this.#conditions].map(([kind, condition]) =>
      Math.max(nextStep(condition, this.#stepping(kind)).at, this.#notBefore.get(kind) ?? 0),
    )
    const look = this.#lag.nextMs(nowMs)
    const all = look === undefined ? steps : [...steps, look]
    return all.length === 0 ? undefined : Math.min(...all)
  }

  /** An instance says that it is about to tell, before it does. */
  claim(kind: AlertKind, nowMs: number): void {
    const condition = this.#conditions.get(kind)
    if (condition !== undefined) this.#set(kind, { ...condition, claimedAt: nowMs })
  }

  told({ kind, status }: Alert, nowMs: number): void {
    const condition = this.#conditions.get(kind)
    if (condition === undefined) return
    const { claimedAt: _claimed, ...rest } = condition
    // What became wrong again while its end was being told is new.
    const anew = { since: nowMs, told: 0, message: rest.message, count: rest.count, sampled: rest.sampled }
    if (status !== 'resolved') this.#set(kind, { ...rest, told: rest.told + 1, toldAt: nowMs })
    else this.#set(kind, rest.wellAt === undefined ? anew : undefined)
  }

  /** Nobody took it: it is tried again at `untilMs`. */
  putOff(kind: AlertKind, untilMs: number): void {
    const condition = this.#conditions.get(kind)
    if (condition === undefined) return
    const { claimedAt: _claimed, ...rest } = condition
    this.#set(kind, rest)
    this.#notBefore.set(kind, untilMs)
  }

  /** What was saved, by this instance or by another one, and what is known here, taken together. */
  restore(kind: AlertKind, saved: Condition | undefined): void {
    const known = this.#conditions.get(kind)
    if (!this.#enabled(kind)) {
      if (saved !== undefined) this.#set(kind, undefined)
      return
    }
    if (saved === undefined) return
    if (known !== undefined) {
      const { told, toldAt, claimedAt } = saved
      this.#conditions.set(kind, { ...known, since: Math.min(known.since, saved.since), told, toldAt, claimedAt })
      this.#changed.add(kind)
      return
    }
    // Nobody has seen how it was in the meantime.
    const { wellAt, ...rest } = saved
    const seen = this.#well.get(kind) ?? (kind === 'different' && saved.sampled === true ? this.#sampleWell : undefined)
    const well = this.#settleMs(kind) === 0 ? (wellAt ?? seen) : seen
    this.#conditions.set(kind, well === undefined ? rest : { ...rest, wellAt: well })
  }

  get(kind: AlertKind): Condition | undefined {
    return this.#conditions.get(kind)
  }

  /** What is not saved yet; the caller saves it. */
  takeChanged(): readonly AlertKind[] {
    const changed = [...this.#changed]
    this.#changed.clear()
    return changed
  }

  get hasChanged(): boolean {
    return this.#changed.size > 0
  }

  #start(nowMs: number): void {
    this.#verdict = undefined
    this.#failing.clear()
    this.#lag.clear()
    if (this.#ends) return
    this.#isWell('stopped', nowMs)
    this.look(nowMs)
  }

  #health({ subject, healthy }: FlowEvent & { readonly type: 'health' }, nowMs: number): void {
    if (this.#ends) return
    if (healthy) this.#failing.delete(subject)
    else this.#failing.add(subject)
    this.#lag.health(subject, healthy, nowMs)
    if (this.#failing.size > 0) this.#unsure('stopped')
    else this.#isWell('stopped', nowMs)
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
      this.#unsure('lag')
      this.#raise('stopped', nowMs, { message: whyStopped(event.error) })
    } else if (event.exitCode === EXIT.ok && !leaving) {
      // It came to its end, so all of it is well.
      for (const one of ['stopped', 'lag'] as const) this.#isWell(one, nowMs - this.#settleMs(one))
    } else for (const one of ['stopped', 'lag'] as const) this.#unsure(one)
  }

  #end(outcome: RunOutcome, nowMs: number): void {
    if (outcome.kind === 'nothing') return
    if (outcome.kind === 'failed') {
      this.#raise('stopped', nowMs, outcome)
      return
    }
    this.#isWell('stopped', nowMs)
    if (outcome.kind === 'refused') this.#raise('refused', nowMs, outcome)
    else if (outcome.kind === 'published') this.#isWell('refused', nowMs)
    else this.#compared(outcome, nowMs)
  }

  #compared(outcome: RunOutcome & { readonly kind: 'same' | 'different' }, nowMs: number): void {
    const from = this.#rules.checkDifferent ?? Number.POSITIVE_INFINITY
    if (outcome.kind === 'different' && outcome.count >= from) {
      this.#raise('different', nowMs, outcome)
      return
    }
    // A share of the rows says nothing of what was found in all of them.
    if (outcome.sampled) this.#sampleWell = nowMs
    if (outcome.sampled && this.#conditions.get('different')?.sampled !== true) return
    this.#isWell('different', nowMs)
  }

  #raise(kind: AlertKind, nowMs: number, found: Pick<Condition, 'message' | 'count' | 'sampled'>): void {
    this.#well.delete(kind)
    if (!this.#enabled(kind)) return
    const { message, count, sampled } = found
    const known = this.#conditions.get(kind)
    const { wellAt, ...rest } = known ?? { since: nowMs, told: 0 }
    this.#conditions.set(kind, { ...rest, message, count, sampled })
    // What is only said in other words need not be saved.
    if (known === undefined || wellAt !== undefined) this.#changed.add(kind)
  }

  #isWell(kind: AlertKind, sinceMs: number): void {
    const wellAt = Math.min(this.#well.get(kind) ?? sinceMs, sinceMs)
    this.#well.set(kind, wellAt)
    const condition = this.#conditions.get(kind)
    if (condition !== undefined && condition.wellAt !== wellAt) this.#set(kind, { ...condition, wellAt })
  }

  /** It is not known to be well any more, and not to be wrong again. */
  #unsure(kind: AlertKind): void {
    this.#well.delete(kind)
    const condition = this.#conditions.get(kind)
    if (condition?.wellAt === undefined) return
    const { wellAt: _well, ...rest } = condition
    this.#set(kind, rest)
  }

  #set(kind: AlertKind, condition: Condition | undefined): void {
    if (condition === undefined) this.#conditions.delete(kind)
    else this.#conditions.set(kind, condition)
    this.#notBefore.delete(kind)
    this.#changed.add(kind)
  }

  #alert(kind: AlertKind, condition: Condition, status: Telling): Alert {
    const { since, message, count } = condition
    return {
      flow: this.#flow.name,
      flowKind: this.#flow.kind,
      kind,
      status,
      since: new Date(since).toISOString(),
      message: status === 'resolved' ? RESOLVED[kind] : message,
      ...(count === undefined || status === 'resolved' ? {} : { count }),
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

  #stepping(kind: AlertKind): { readonly settleMs: number; readonly repeat: AlertPolicy['repeat'] } {
    return { settleMs: this.#settleMs(kind), repeat: this.#policy.repeat }
  }

  /** A run that ended has its result; what goes on may turn again. */
  #settleMs(kind: AlertKind): number {
    if (kind === 'lag') return this.#rules.forMs
    return kind === 'dead-letters' || (kind === 'stopped' && !this.#ends) ? STEADY_MS : 0
  }
}
