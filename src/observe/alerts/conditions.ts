import type { AlertKind } from '../../core/alert.js'
import { type Condition, nextStep, type Telling } from './condition.js'
import type { AlertPolicy } from './rules.js'

/** What of a flow's rules decides over its conditions. */
export interface ConditionRules {
  readonly repeat: AlertPolicy['repeat']
  enabled(kind: AlertKind): boolean
  /** How long it must be well before that is told. */
  settleMs(kind: AlertKind): number
}

export interface Due {
  readonly kind: AlertKind
  readonly condition: Condition
  readonly telling: Telling
}

/** What is wrong with one flow, since when, and how often it was told; shared with other instances by what is saved. */
export class Conditions {
  readonly #rules: ConditionRules
  readonly #conditions = new Map<AlertKind, Condition>()
  /** Since when each is known to be well; what is not in here is wrong, or not known yet. */
  readonly #well = new Map<AlertKind, number>()
  readonly #changed = new Set<AlertKind>()
  readonly #notBefore = new Map<AlertKind, number>()

  constructor(rules: ConditionRules) {
    this.#rules = rules
  }

  get(kind: AlertKind): Condition | undefined {
    return this.#conditions.get(kind)
  }

  raise(kind: AlertKind, nowMs: number, found: Pick<Condition, 'message' | 'count' | 'sampled'>): void {
    this.#well.delete(kind)
    if (!this.#rules.enabled(kind)) return
    const { message, count, sampled } = found
    const known = this.#conditions.get(kind)
    const { wellAt, ...rest } = known ?? { since: nowMs, told: 0 }
    this.#conditions.set(kind, { ...rest, message, count, sampled })
    // What is only said in other words need not be saved.
    if (known === undefined || wellAt !== undefined) this.#changed.add(kind)
  }

  isWell(kind: AlertKind, sinceMs: number): void {
    const wellAt = Math.min(this.#well.get(kind) ?? sinceMs, sinceMs)
    this.#well.set(kind, wellAt)
    const condition = this.#conditions.get(kind)
    if (condition !== undefined && condition.wellAt !== wellAt) this.#set(kind, { ...condition, wellAt })
  }

  /** It is not known to be well any more, and not to be wrong again. */
  unsure(kind: AlertKind): void {
    this.#well.delete(kind)
    const condition = this.#conditions.get(kind)
    if (condition?.wellAt === undefined) return
    const { wellAt: _well, ...rest } = condition
    this.#set(kind, rest)
  }

  /** What is to be told now; what needs no telling any more is forgotten. */
  due(nowMs: number): readonly Due[] {
    return [...this.#conditions].flatMap(([kind, condition]) => {
      const { at, what } = this.#next(kind, condition)
      if (at > nowMs || (this.#notBefore.get(kind) ?? 0) > nowMs) return []
      if (what !== 'forget') return [{ kind, condition, telling: what }]
      this.#set(kind, undefined)
      return []
    })
  }

  /** The moments at which there may be something to tell. */
  moments(): readonly number[] {
    return [...this.#conditions].map(([kind, condition]) =>
      Math.max(this.#next(kind, condition).at, this.#notBefore.get(kind) ?? 0),
    )
  }

  /** An instance says that it is about to tell, before it does. */
  claim(kind: AlertKind, nowMs: number): void {
    const condition = this.#conditions.get(kind)
    if (condition !== undefined) this.#set(kind, { ...condition, claimedAt: nowMs })
  }

  told(kind: AlertKind, telling: Telling, nowMs: number): void {
    const condition = this.#conditions.get(kind)
    if (condition === undefined) return
    const { claimedAt: _claimed, ...rest } = condition
    // What became wrong again while its end was being told is new.
    const anew = { since: nowMs, told: 0, message: rest.message, count: rest.count, sampled: rest.sampled }
    if (telling !== 'resolved') this.#set(kind, { ...rest, told: rest.told + 1, toldAt: nowMs })
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

  /**
   * What was saved, by this instance or by another one, and what is known here, taken together. `wellSince`: since when
   * this instance knows it to be well, where only its owner can tell.
   */
  restore(kind: AlertKind, saved: Condition | undefined, wellSince?: number): void {
    const known = this.#conditions.get(kind)
    if (!this.#rules.enabled(kind)) {
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
    const seen = this.#well.get(kind) ?? wellSince
    const well = this.#rules.settleMs(kind) === 0 ? (wellAt ?? seen) : seen
    this.#conditions.set(kind, well === undefined ? rest : { ...rest, wellAt: well })
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

  #next(kind: AlertKind, condition: Condition): ReturnType<typeof nextStep> {
    return nextStep(condition, { settleMs: this.#rules.settleMs(kind), repeat: this.#rules.repeat })
  }

  #set(kind: AlertKind, condition: Condition | undefined): void {
    if (condition === undefined) this.#conditions.delete(kind)
    else this.#conditions.set(kind, condition)
    this.#notBefore.delete(kind)
    this.#changed.add(kind)
  }
}
