import type { Alert, AlertSettings, AlertSink } from '../../core/alert.js'
import type { Observer } from '../../core/observer.js'
import type { TimedObserver } from '../fan-out.js'
import { deliver, messageOf } from './deliver.js'
import { policyOf } from './rules.js'
import { type AlertedFlow, WatchedFlow } from './watched-flow.js'

export interface AlertsOptions {
  readonly settings: AlertSettings | undefined
  readonly flows: readonly AlertedFlow[]
  /** Is told, as a notice of a flow, of alerts that nobody took. */
  readonly tell: Observer
  /** The process was asked to stop: what has no result then need not have failed. */
  leaving(): boolean
}

/** What nobody took is tried again after this time. */
const AGAIN_MS = 300_000
/** Timers hold no more than this many ms, and clocks are set. */
const LOOK_MS = 30_000
const CLOSE_MS = 15_000

/**
 * Tells people what is wrong with flows. An observer that only notes; what is due is sent beside the flows, one round at a
 * time, so that a receiver that hangs costs nothing but its alerts. There is no queue to overflow: what is to be told is
 * worked out from how the flows stand when it is sent.
 */
export class Alerts {
  readonly #flows: ReadonlyMap<string, WatchedFlow>
  readonly #tell: Observer
  readonly #leaving: () => boolean
  readonly #groupMs: number
  readonly #abort = new AbortController()
  #windowEndsMs: number | undefined
  #round: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #timerMs = Number.POSITIVE_INFINITY
  #closing = false

  constructor({ settings, flows, tell, leaving }: AlertsOptions) {
    const watched = flows.map((flow) => new WatchedFlow(flow, settings)).filter(({ sinks }) => sinks.length > 0)
    this.#flows = new Map(watched.map((flow) => [flow.name, flow]))
    this.#tell = tell
    this.#leaving = leaving
    this.#groupMs = policyOf(settings).groupMs
    if (this.#flows.size > 0) this.#wake(Date.now())
  }

  readonly observer: TimedObserver = (event, nowMs = Date.now()) => {
    const flow = this.#flows.get(event.flow)
    if (flow === undefined || this.#closing) return
    flow.observe(event, nowMs, event.type === 'stopped' && this.#leaving())
    if (flow.machine.hasChanged || event.type === 'dead-letters') this.#wakeFor(flow, nowMs)
  }

  /** Tells what is left to tell, without waiting for more, and ends. */
  async close(deadlineMs = CLOSE_MS): Promise<void> {
    if (this.#flows.size === 0 || this.#closing) return
    this.#closing = true
    clearTimeout(this.#timer)
    const timer = setTimeout(() => this.#abort.abort(), deadlineMs)
    await this.#round
    await this.#tellDue()
    clearTimeout(timer)
  }

  #wakeFor(flow: WatchedFlow, nowMs: number): void {
    const next = flow.nextMs(nowMs)
    // A change is to be saved, even where there is nothing to tell of it yet.
    this.#wake(flow.machine.hasChanged ? nowMs : (next ?? Number.POSITIVE_INFINITY))
  }

  /** Sees to it that there is a round at `ms`, or before. */
  #wake(ms: number): void {
    const nowMs = Date.now()
    const at = Math.min(Math.max(ms, nowMs), nowMs + LOOK_MS)
    if (this.#closing || this.#round !== undefined || this.#timerMs <= at) return
    clearTimeout(this.#timer)
    this.#timerMs = at
    this.#timer = setTimeout(() => this.#begin(), at - nowMs).unref()
  }

  #begin(): void {
    this.#timerMs = Number.POSITIVE_INFINITY
    this.#round = this.#tellDue().finally(() => {
      this.#round = undefined
      this.#wakeAgain()
    })
  }

  #wakeAgain(): void {
    const nowMs = Date.now()
    const changed = [...this.#flows.values()].some(({ machine }) => machine.hasChanged)
    const times = [...this.#flows.values()].map((flow) => flow.nextMs(nowMs) ?? Number.POSITIVE_INFINITY)
    const next = Math.min(...times)
    // Within a window everything that is due waits for its end.
    this.#wake(changed ? nowMs : Math.max(next, this.#windowEndsMs ?? 0))
  }

  async #tellDue(): Promise<void> {
    const flows = [...this.#flows.values()]
    await Promise.all(flows.map((flow) => flow.restore()))
    await Promise.all(flows.map((flow) => flow.count(Date.now(), this.#closing)))
    const nowMs = Date.now()
    const due = flows.flatMap((flow) => flow.machine.due(nowMs).map((alert) => ({ flow, alert })))
    if (due.length > 0 && !this.#windowOver(nowMs)) return this.#save(flows)
    this.#windowEndsMs = undefined
    const ours = await asyncFilter(due, ({ flow, alert }) => flow.claim(alert, nowMs))
    const taken = await this.#send(ours)
    for (const { flow, alert } of ours) {
      if (taken.has(alert)) flow.machine.told(alert, Date.now())
      else flow.machine.putOff(alert.kind, Date.now() + AGAIN_MS)
    }
    return this.#save(flows)
  }

  /** What happens soon after the first is told with it. */
  #windowOver(nowMs: number): boolean {
    this.#windowEndsMs ??= nowMs + this.#groupMs
    return this.#closing || nowMs >= this.#windowEndsMs
  }

  async #save(flows: readonly WatchedFlow[]): Promise<void> {
    await Promise.all(flows.map((flow) => flow.save()))
  }

  /** The alerts that at least one receiver took. */
  async #send(due: readonly Due[]): Promise<ReadonlySet<Alert>> {
    const taken = new Set<Alert>()
    const sinks = new Set(due.flatMap(({ flow }) => flow.sinks))
    await Promise.all(
      [...sinks].map(async (sink) => {
        const alerts = due.filter(({ flow }) => flow.sinks.includes(sink)).map(({ alert }) => alert)
        const delivery = await deliver(sink, messageOf(alerts, Date.now()), { signal: this.#abort.signal })
        if (delivery.kind === 'delivered') for (const alert of alerts) taken.add(alert)
        else this.#tellFailure(sink, alerts, delivery.reason)
      }),
    )
    return taken
  }

  #tellFailure(sink: AlertSink, alerts: readonly Alert[], reason: string): void {
    for (const flow of new Set(alerts.map((alert) => alert.flow))) {
      const message = `an alert did not arrive at ${sink.label}: ${reason}`
      this.#tell({ flow, type: 'notice', level: 'warn', code: 'alert-undelivered', message })
    }
  }
}

interface Due {
  readonly flow: WatchedFlow
  readonly alert: Alert
}

async function asyncFilter<Item>(
  items: readonly Item[],
  holds: (item: Item) => Promise<boolean>,
): Promise<readonly Item[]> {
  const kept = await Promise.all(items.map(holds))
  return items.filter((_, index) => kept[index])
}
