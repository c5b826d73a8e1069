import { expect } from 'vitest'
import { z } from 'zod'
import { type MemoryStream, memoryStream } from '../../../src/adapters/memory/index.js'
import { mysql } from '../../../src/adapters/mysql/index.js'
import { postgres } from '../../../src/adapters/postgres/index.js'
import type { FlowEvent } from '../../../src/core/observer.js'
import type { Stream } from '../../../src/core/stream.js'
import { ingest } from '../../../src/flows/ingest/ingest.js'
import { FLOW } from './ingest-process.js'
import { Published } from './published.js'
import { expectFold, type Target } from './target.js'

type EventOf<Type extends FlowEvent['type']> = Extract<FlowEvent, { readonly type: Type }>

/** An `ingest` into `readings` and `effects` within the test's own process. Disposing of it aborts it. */
export interface IngestRun extends AsyncDisposable {
  /** Rejects with what stopped the flow. */
  readonly ended: Promise<void>
  of<Type extends FlowEvent['type']>(type: Type): EventOf<Type>[]
  /** Why each subject that is unhealthy at this moment is so. */
  red(): readonly string[]
  /** As the first SIGTERM does. */
  drain(): Promise<void>
}

/** What both database adapters know. */
export interface DatabaseLimits {
  readonly connectMs?: number
  readonly statementMs?: number
  readonly lockMs?: number
  readonly ca?: string
}

export interface IngestRunOptions {
  /** Default that of the target, e.g. to go through a proxy. */
  readonly url?: string
  readonly database?: DatabaseLimits
  /** Default 50, so that a test has many batches. */
  readonly batchItems?: number
}

const Reading = z.object({ sensor: z.number(), version: z.number(), value: z.string() })

export function startIngestRun(from: Stream, { setup }: Target, options: IngestRunOptions = {}): IngestRun {
  const { url = setup.url, database: limits, batchItems = 50 } = options
  const database = setup.engine === 'postgres' ? postgres(url, limits) : mysql(url, limits)
  const flow = ingest({
    from,
    into: {
      readings: database.table('readings', { key: ['sensor'], version: 'version' }),
      effects: database.table('effects', { key: ['id'] }),
    },
    schema: Reading,
    map: (reading, { id }) => ({ readings: { ...reading }, effects: { id, sensor: reading.sensor } }),
    batch: { items: batchItems },
  })
  const events: FlowEvent[] = []
  const drain = new AbortController()
  const abort = new AbortController()
  const ended = flow.run({
    name: FLOW,
    observer: (event) => void events.push(event),
    drain: drain.signal,
    abort: abort.signal,
    untilCaughtUp: false,
  })
  const over = ended.catch(() => undefined)
  const of: IngestRun['of'] = (type) => events.filter((event): event is EventOf<typeof type> => event.type === type)
  return {
    ended,
    of,
    red() {
      const latest = new Map(
        of('health').map(({ subject, healthy, reason }) => [subject, healthy ? undefined : reason]),
      )
      return [...latest.values()].filter((reason) => reason !== undefined)
    },
    async drain() {
      drain.abort()
      await ended
    },
    async [Symbol.asyncDispose]() {
      abort.abort()
      await over
      await database[Symbol.asyncDispose]()
    },
  }
}

const LANES = 4
const TICK_MS = 20

/** More are not added while so many wait. */
const WAITING = 1_000

/**
 * Messages that come without end, at some 2,000 a second at most, in four lanes with positions. Sensors are spread over
 * the lanes as keys are over the partitions of a topic.
 */
export class Feeding implements Disposable {
  readonly stream: MemoryStream = memoryStream({ laneOf: ({ key }) => `lane-${Number(key) % LANES}` })
  readonly published = new Published()
  #ticking: NodeJS.Timeout | undefined
  #count = 0

  constructor() {
    this.resume()
  }

  /** So many more messages, at once. */
  add(count: number): void {
    for (const message of this.published.make(count)) {
      const id = String(++this.#count)
      this.published.note(id, message)
      this.stream.append({ id, body: message.body, key: String(message.reading?.sensor) })
    }
  }

  pause(): void {
    clearInterval(this.#ticking)
    this.#ticking = undefined
  }

  resume(): void {
    this.#ticking ??= setInterval(() => {
      if (this.#count - this.stream.acknowledged() < WAITING) this.add(40)
    }, TICK_MS)
  }

  /** Resolves with the ms that it took until so many more were acknowledged than when it was called. */
  async goesOn(messages = 200): Promise<number> {
    const startedAt = performance.now()
    const goal = this.stream.acknowledged() + messages
    await expect
      .poll(() => this.stream.acknowledged(), { message: `seed ${this.published.seed}` })
      .toBeGreaterThanOrEqual(goal)
    return performance.now() - startedAt
  }

  /** Nothing more comes; once all of it is acknowledged, each has had its effect once and the tables are the fold. */
  async settle(run: IngestRun, target: Target): Promise<void> {
    this.pause()
    const { seed } = this.published
    const acknowledged = () => this.stream.acknowledged()
    await expect.poll(acknowledged, { timeout: 60_000, message: `seed ${seed}` }).toBe(this.#count)
    await expectFold(target, this.published, { once: true })
    await expect.poll(() => run.red()).toEqual([])
    expect(run.of('dead-letters')).toEqual([])
  }

  [Symbol.dispose](): void {
    this.pause()
  }
}
