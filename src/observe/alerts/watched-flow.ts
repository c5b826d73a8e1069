import { ALERT_KINDS, type Alert, type AlertKind, type AlertSettings, type AlertSink } from '../../core/alert.js'
import { ConfigError } from '../../core/errors.js'
import type { Flow } from '../../core/flow.js'
import type { FlowEvent } from '../../core/observer.js'
import type { StateStore } from '../../core/state.js'
import { deadline } from '../../engine/deadline.js'
import { AlertStore } from './alert-store.js'
import { FlowAlerts } from './flow-alerts.js'
import { policyOf, rulesOf, sinksOf } from './rules.js'

/** A flow of the config, as far as alerts need it. */
export interface AlertedFlow {
  readonly name: string
  readonly flow: Pick<Flow, 'kind' | 'alert' | 'deadLetters'>
  /** Where what was told is kept; left out: in memory. */
  readonly state?: StateStore | undefined
}

const COUNT_EVERY_MS = 60_000
/** Letters come in their hundreds, and one count is enough for all of a moment. */
const COUNT_SOON_MS = 5_000
const COUNT_DEADLINE_MS = 5_000

/** The state machine of one flow, with what it needs of the world: saved conditions and the number of its dead letters. */
export class WatchedFlow {
  readonly name: string
  readonly sinks: readonly AlertSink[]
  readonly machine: FlowAlerts
  readonly #store: AlertStore
  readonly #letters: Flow['deadLetters']
  #countAtMs: number | undefined
  #restored = false

  constructor({ name, flow, state }: AlertedFlow, settings: AlertSettings | undefined) {
    const rules = rulesOf(settings, flow.alert)
    this.name = name
    this.sinks = sinksOf(settings, flow.alert)
    this.machine = new FlowAlerts({ name, kind: flow.kind }, rules, policyOf(settings))
    this.#store = new AlertStore(state, name)
    this.#letters = rules.deadLettersAbove === undefined ? [] : [...new Set(flow.deadLetters)]
    this.#countAtMs = this.#letters.length === 0 ? undefined : 0
  }

  observe(event: FlowEvent, nowMs: number, leaving: boolean): void {
    this.machine.observe(event, nowMs, leaving)
    const hasMore = event.type === 'dead-letters' && event.held !== true
    if (hasMore && this.#countAtMs !== undefined) this.#countAtMs = Math.min(this.#countAtMs, nowMs + COUNT_SOON_MS)
  }

  /** Reads what other runs have told, once. A state that cannot be read is asked again; it never is a reason for silence. */
  async restore(): Promise<void> {
    if (this.#restored) return
    const saved = await this.#store.load().catch(() => undefined)
    if (saved === undefined) return
    this.#restored = true
    for (const kind of ALERT_KINDS) this.machine.restore(kind, saved.get(kind))
  }

  /** Counts the dead letters when it is time to; `last`: there is no other time. */
  async count(nowMs: number, last: boolean): Promise<void> {
    if (this.#countAtMs === undefined || (this.#countAtMs > nowMs && !last)) return
    this.#countAtMs = nowMs + COUNT_EVERY_MS
    try {
      const what = `the dead letters of ${this.name}`
      const counts = await deadline({ what, ms: COUNT_DEADLINE_MS }, () =>
        Promise.all((this.#letters ?? []).map((store) => store.count(this.name, ['dead']).catch(noneYet))),
      )
      this.machine.letters(
        counts.reduce((total, count) => total + count, 0),
        nowMs,
      )
    } catch {
      // Whatever is wrong with the database is told by the flow that writes to it.
    }
  }

  /** `false`: another instance has told of it, or is about to. */
  async claim({ kind, status }: Alert, nowMs: number): Promise<boolean> {
    this.machine.claim(kind, nowMs)
    await this.save()
    const isDue = (alert: Alert): boolean => alert.kind === kind && alert.status === status
    // Ours is the one claim that does not keep us from telling.
    return this.machine.get(kind)?.claimedAt === nowMs || this.machine.due(nowMs).some(isDue)
  }

  /** What cannot be saved is saved with the next change: told twice is better than never. */
  async save(): Promise<void> {
    for (const kind of this.machine.takeChanged()) await this.#save(kind)
  }

  /** When to look again, at the latest. */
  nextMs(nowMs: number): number | undefined {
    const times = [this.machine.nextMs(nowMs), this.#countAtMs].filter((ms) => ms !== undefined)
    return times.length === 0 ? undefined : Math.min(...times)
  }

  async #save(kind: AlertKind): Promise<void> {
    try {
      const saved = await this.#store.save(kind, this.machine.get(kind))
      if (saved.kind === 'other') this.machine.restore(kind, saved.condition)
    } catch {
      // The flow itself tells what is wrong with its database.
    }
  }
}

function noneYet(error: unknown): number {
  if (error instanceof ConfigError && error.code === 'table-missing') return 0
  throw error
}
