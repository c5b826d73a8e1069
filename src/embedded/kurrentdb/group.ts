import type { EventLog, Resolved } from './event-log.js'
import type { Filter } from './filter.js'
import type { LogRecord } from './log-record.js'

export interface GroupSettings {
  readonly resolveLinks: boolean
  readonly messageTimeoutMs: number
  readonly maxRetries: number
  readonly strategy: 'RoundRobin' | 'DispatchToSingle' | 'Pinned'
  readonly filter: Filter
  /** `undefined`: `$all`. */
  readonly stream: string | undefined
  /** The position or revision of the last record that is left out. */
  readonly after: bigint
  /** Gives out every n-th event once more after it was acknowledged; 0: none. */
  readonly duplicateEvery: number
}

export interface Consumer {
  readonly bufferSize: number
  /** Events it holds. */
  held: number
  send(bytes: Buffer): void
}

interface Delivery {
  readonly resolved: Resolved
  readonly retries: number
}

interface InFlight extends Delivery {
  readonly consumer: Consumer
  readonly deadline: number
}

export type NackAction = 'park' | 'retry' | 'skip' | 'stop'

const BUCKETS = 1_024

/** A persistent subscription: who holds which event, what comes again, what is parked. */
export class Group {
  settings: GroupSettings
  readonly parked: Delivery[] = []
  readonly #log: EventLog
  readonly #consumers: Consumer[] = []
  readonly #inFlight = new Map<string, InFlight>()
  #retries: Delivery[] = []
  #after: bigint
  #turn = 0
  #acknowledged = 0
  readonly #timer: NodeJS.Timeout
  readonly #off: () => void

  constructor(log: EventLog, settings: GroupSettings) {
    this.#log = log
    this.settings = settings
    this.#after = settings.after
    this.#off = log.onChange(() => this.dispatch())
    this.#timer = setInterval(() => this.#expire(), 50).unref()
  }

  get inFlight(): number {
    return this.#inFlight.size
  }

  get waitingRetries(): number {
    return this.#retries.length
  }

  get consumers(): number {
    return this.#consumers.length
  }

  join(consumer: Consumer): void {
    this.#consumers.push(consumer)
    this.dispatch()
  }

  /** What it held comes again, to others, before all else. */
  leave(consumer: Consumer): void {
    const at = this.#consumers.indexOf(consumer)
    if (at < 0) return
    this.#consumers.splice(at, 1)
    const lost = [...this.#inFlight].filter(([, flight]) => flight.consumer === consumer)
    const again = lost.map(([id, flight]) => {
      this.#inFlight.delete(id)
      return flight
    })
    this.#retry(again)
    this.dispatch()
  }

  acknowledge(ids: readonly string[]): void {
    for (const id of ids) {
      const flight = this.#take(id)
      if (flight === undefined) continue
      const every = this.settings.duplicateEvery
      if (every > 0 && flight.retries === 0 && ++this.#acknowledged % every === 0) this.#retry([flight])
    }
    this.dispatch()
  }

  refuse(ids: readonly string[], action: NackAction): void {
    const flights = ids.flatMap((id) => this.#take(id) ?? [])
    if (action === 'park') this.parked.push(...flights)
    if (action === 'retry') this.#retry(flights)
    this.dispatch()
  }

  replayParked(): void {
    this.#retries.push(...this.parked.splice(0).map(({ resolved }) => ({ resolved, retries: 0 })))
    this.dispatch()
  }

  /** Gives out what consumers have room for. */
  dispatch(): void {
    for (;;) {
      const retried = this.#retries[0]
      const next = retried ?? this.#peek()
      if (next === undefined) return
      const consumer = this.#choose(next)
      if (consumer === undefined) return
      if (retried === undefined) this.#after = this.#placeOf(next.resolved.record)
      else this.#retries.shift()
      consumer.held++
      const deadline = Date.now() + this.settings.messageTimeoutMs
      this.#inFlight.set(next.resolved.record.id, { ...next, consumer, deadline })
      consumer.send(this.#log.response(next.resolved, next.retries))
    }
  }

  end(): void {
    clearInterval(this.#timer)
    this.#off()
  }

  #take(id: string): InFlight | undefined {
    const flight = this.#inFlight.get(id)
    if (flight === undefined) return undefined
    this.#inFlight.delete(id)
    flight.consumer.held--
    return flight
  }

  /** In front of what waits already, in the order of the log. */
  #retry(deliveries: readonly Delivery[]): void {
    const again: Delivery[] = []
    for (const { resolved, retries } of deliveries) {
      if (retries >= this.settings.maxRetries) this.parked.push({ resolved, retries })
      else again.push({ resolved, retries: retries + 1 })
    }
    const all = [...again, ...this.#retries]
    all.sort((left, right) => Number(left.resolved.record.position - right.resolved.record.position))
    this.#retries = all
  }

  #expire(): void {
    const now = Date.now()
    const late = [...this.#inFlight].filter(([, { deadline }]) => deadline <= now).map(([id]) => id)
    if (late.length > 0) this.refuse(late, 'retry')
  }

  #peek(): Delivery | undefined {
    const { stream, filter, resolveLinks } = this.settings
    const records = stream === undefined ? this.#log.all : (this.#log.stream(stream) ?? [])
    for (let at = this.#firstAfter(records); ; at++) {
      const record = records[at]
      if (record === undefined) return undefined
      if (filter(record)) return { resolved: this.#log.resolve(record, resolveLinks), retries: 0 }
      this.#after = this.#placeOf(record)
    }
  }

  #firstAfter(records: readonly LogRecord[]): number {
    let low = 0
    let high = records.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const record = records[middle]
      if (record !== undefined && this.#placeOf(record) <= this.#after) low = middle + 1
      else high = middle
    }
    return low
  }

  #placeOf(record: LogRecord): bigint {
    return this.settings.stream === undefined ? record.position : BigInt(record.revision)
  }

  #choose({ resolved }: Delivery): Consumer | undefined {
    const free = (consumer: Consumer | undefined) =>
      consumer !== undefined && consumer.held < consumer.bufferSize ? consumer : undefined
    const { strategy } = this.settings
    if (strategy === 'DispatchToSingle') return free(this.#consumers[0])
    if (strategy === 'Pinned') {
      const stream = (resolved.event ?? resolved.record).stream
      return free(this.#consumers[(hash(stream) % BUCKETS) % Math.max(1, this.#consumers.length)])
    }
    for (let tries = 0; tries < this.#consumers.length; tries++) {
      const consumer = free(this.#consumers[this.#turn++ % this.#consumers.length])
      if (consumer !== undefined) return consumer
    }
    return undefined
  }
}

function hash(text: string): number {
  let value = 7
  for (let at = 0; at < text.length; at++) value = (Math.imul(value, 31) + text.charCodeAt(at)) >>> 0
  return value
}
