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
export function busyFlow(observer: Observer, ms: number): Promise<Window> {
  const into = memoryDatabase({ tables: [{ name: 'scans', key: ['id'] }] }).table('scans')
  return timed(
    ingest({ from: endless(BATCH), schema: Scan, into, map, batch: { items: BATCH }, lanes: 1 }),
    observer,
    ms,
  )
}

export const CREATE = 'create table scans (id text primary key, port int, service text, response text)'

/** The same into PostgreSQL, as fast as both can: a flow as it is run, which waits for its commits. */
export function storingFlow(database: PostgresDatabase, observer: Observer, ms: number): Promise<Window> {
  const batch = { items: STORED_BATCH }
  const into = database.table('scans')
  return timed(ingest({ from: endless(STORED_BATCH), schema: Scan, into, map, batch, lanes: 1 }), observer, ms)
}

const map = (scan: z.infer<typeof Scan>) => scan

async function timed(flow: Flow, observer: Observer, ms: number): Promise<Window> {
  const drain = new AbortController()
  let items = 0
  const counting: Observer = (event) => {
    if (event.type === 'batch') items += event.items
    observer(event)
  }
  const processor = process.cpuUsage()
  const since = performance.now()
  const timer = setTimeout(() => drain.abort(), ms)
  const never = new AbortController().signal
  await flow.run({ name: 'busy', observer: counting, drain: drain.signal, abort: never, untilCaughtUp: false })
  clearTimeout(timer)
  const seconds = (performance.now() - since) / 1_000
  const { user, system } = process.cpuUsage(processor)
  return { itemsPerSecond: items / seconds, processorSecondsPerMillion: (user + system) / items }
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
