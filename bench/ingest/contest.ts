import { type Measurement, measurement } from '../measurement.js'
import type { BenchContext } from '../scenario.js'

const ROUNDS = 3
const ORDER = ['bare', 'source', 'flow'] as const

/** A stream read by its bare client, by the source of an ingest alone, and by a whole ingest. */
export interface Contest {
  readonly scenario: string
  /** What the bare client does. */
  readonly peer: string
  /** Where there are several: who serves the messages. */
  readonly server?: string
  readonly messages: number
  /** Each reads all messages once, and answers the seconds between its start and its last message. */
  readonly contenders: Readonly<Record<(typeof ORDER)[number], () => Promise<number>>>
}

/** They take turns, so that a slow moment of the machine strikes all of them alike; the best of each counts. */
export async function contest(context: BenchContext, given: Contest): Promise<readonly Measurement[]> {
  const { scenario, messages, contenders } = given
  const where = given.server === undefined ? '' : `, ${given.server}`
  const best = { bare: Number.POSITIVE_INFINITY, source: Number.POSITIVE_INFINITY, flow: Number.POSITIVE_INFINITY }
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of ORDER) {
      const before = process.cpuUsage()
      const seconds = await contenders[name]()
      const { user, system } = process.cpuUsage(before)
      const perMessage = ((user + system) / messages).toFixed(1)
      context.say(`${name}${where}: ${seconds.toFixed(2)} s, ${perMessage} us of CPU per message in this process`)
      best[name] = Math.min(best[name], seconds)
    }
  }
  const rate = (seconds: number) => Math.round(messages / seconds)
  const peer = { name: given.peer, value: rate(best.bare) }
  const figure = { scenario, unit: 'messages/s', peer, goal: { atLeast: 0.8 } }
  return [
    measurement({ ...figure, figure: `ingest into PostgreSQL${where}`, value: rate(best.flow) }),
    measurement({ ...figure, figure: `the source alone${where}`, value: rate(best.source) }),
  ]
}

/** Starts once; what is asked of it before that is 0. */
export class Stopwatch {
  #startedAt: number | undefined

  start(): void {
    this.#startedAt ??= performance.now()
  }

  get seconds(): number {
    return this.#startedAt === undefined ? 0 : (performance.now() - this.#startedAt) / 1_000
  }
}
