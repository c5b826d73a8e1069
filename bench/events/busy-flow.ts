import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { memoryDatabase } from '../../src/adapters/memory/index.js'
import type { PostgresDatabase } from '../../src/adapters/postgres/database.js'
import type { Batch } from '../../src/core/batch.js'
import type { Flow } from '../../src/core/flow.js'
import type { Message } from '../../src/core/message.js'
import type { Observer } from '../../src/core/observer.js'
import type { Stream } from '../../src/core/stream.js'
import { ingest } from '../../src/flows/ingest/ingest.js'

const BATCH = 100
/** Of a flow with a database, whose batches grow when messages wait. */
const STORED_BATCH = 500

const Scan = z.object({ id: z.string(), port: z.number(), service: z.string(), response: z.string() })

export interface Window {
  readonly itemsPerSecond: number
  /** Of this process, all of its threads. */
  readonly processorSecondsPerMillion: number
}

/**
 * An `ingest` in memory that has nothing to wait for: decode, validate, map, upsert, as fast as one processor can. So
 * whatever else the process does is seen in its rate.
 */
export function busyFlow(): BusyFlow {
  const into = memoryDatabase({ tables: [{ name: 'scans', key: ['id'] }] }).table('scans')
  const batch = { items: BATCH }
  return new BusyFlow(ingest({ from: endless(BATCH), schema: Scan, into, map, batch, lanes: 1 }))
}

export const CREATE = 'create table scans (id text primary key, port int, service text, response text)'

/** The same into PostgreSQL, as fast as both can: a flow as it is run, which waits for its commits. */
export function storingFlow(database: PostgresDatabase): BusyFlow {
  const batch = { items: STORED_BATCH }
  const into = database.table('scans')
  return new BusyFlow(ingest({ from: endless(STORED_BATCH), schema: Scan, into, map, batch, lanes: 1 }))
}

const map = (scan: z.infer<typeof Scan>) => scan

/**
 * Runs until it is disposed of, and only who is told changes: a flow that is begun anew for each window is compiled anew,
 * and how well that goes differs by more than what is measured here.
 */
export class BusyFlow implements AsyncDisposable {
  readonly #drain = new AbortController()
  readonly #running: Promise<void>
  #observer: Observer = () => {}
  #items = 0

  constructor(flow: Flow) {
    const observer: Observer = (event) => {
      if (event.type === 'batch') this.#items += event.items
      this.#observer(event)
    }
    const abort = new AbortController().signal
    this.#running = flow.run({ name: 'busy', observer, drain: this.#drain.signal, abort, untilCaughtUp: false })
  }

  /** From now on `observer` is told; measured is what comes after the first `warmUpMs`. */
  async window(observer: Observer, warmUpMs: number, ms: number): Promise<Window> {
    this.#observer = observer
    await delay(warmUpMs)
    const before = this.#items
    const processor = process.cpuUsage()
    const since = performance.now()
    await Promise.race([delay(ms), this.#running])
    const seconds = (performance.now() - since) / 1_000
    const { user, system } = process.cpuUsage(processor)
    const items = this.#items - before
    return { itemsPerSecond: items / seconds, processorSecondsPerMillion: (user + system) / items }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#drain.abort()
    await this.#running
  }
}

/** The same messages over and over. */
function endless(batch: number): Stream {
  const messages = Array.from({ length: batch }, (_, index) => messageOf(index))
  async function* read(signal: AbortSignal): AsyncGenerator<Batch<Message>> {
    while (!signal.aborted) {
      // As a client would: what has waited in the event loop gets its turn.
      await new Promise<void>((resolve) => setImmediate(resolve))
      yield { lane: 'bench', position: undefined, items: messages, unseenAt: Date.now() }
    }
  }
  return {
    system: 'bench',
    label: 'bench://endless',
    source: () => ({
      read: (_, signal) => read(signal),
      acknowledge: async () => {},
      [Symbol.asyncDispose]: async () => {},
    }),
    diagnose: async () => [],
  }
}

function messageOf(index: number): Message {
  const scan = { id: `10.0.0.${index}`, port: 443, service: 'https', response: 'x'.repeat(200) }
  return {
    id: String(index),
    body: Buffer.from(JSON.stringify(scan)),
    key: undefined,
    type: undefined,
    headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
    metadata: undefined,
    stream: 'bench',
    revision: undefined,
    publishedAt: undefined,
  }
}
