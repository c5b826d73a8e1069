import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { excludeSystemEvents, jsonEvent, KurrentDBClient } from '@kurrent/kurrentdb-client'
import { z } from 'zod'
import { kurrentdb } from '../../src/adapters/kurrentdb/index.js'
import { postgres } from '../../src/adapters/postgres/index.js'
import { BATCH_LIMITS } from '../../src/core/stream.js'
import { ingest } from '../../src/index.js'
import { type Measurement, measurement } from '../measurement.js'
import { plainSql, Timing } from '../plain-sql.js'
import type { BenchContext, Scenario } from '../scenario.js'
import { CREATE, scanResults, scanRows } from './sink-rows.js'

const DEFAULT_EVENTS = 100_000
const ROUNDS = 3
const APPEND_AT_ONCE = 5_000

const Scan = z.object({
  ip: z.ipv4(),
  port: z.int(),
  service: z.string(),
  response: z.string(),
  lastSeen: z.iso.datetime().transform((text) => new Date(text)),
})

/** A whole `ingest` from KurrentDB into PostgreSQL against the bare client, which reads the same events and no more. */
export const ingestKurrentdb: Scenario = { name: 'ingest-kurrentdb', run }

async function run(context: BenchContext): Promise<readonly Measurement[]> {
  const { a } = await context.startPair()
  const child = fork(fileURLToPath(new URL('kurrentdb-double.ts', import.meta.url)))
  try {
    return await measure(context, child, a.url())
  } finally {
    const exit = once(child, 'exit')
    child.kill()
    await exit
  }
}

async function measure(context: BenchContext, child: ChildProcess, target: string): Promise<readonly Measurement[]> {
  const [message] = await once(child, 'message')
  const url = String(message)
  const events = context.rows ?? DEFAULT_EVENTS
  await fill(url, events)
  const contenders = {
    bare: () => bare(url, events),
    source: () => source(url, events),
    flow: () => flow(url, events, target),
  }
  const best = { bare: Number.POSITIVE_INFINITY, source: Number.POSITIVE_INFINITY, flow: Number.POSITIVE_INFINITY }
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of ['bare', 'source', 'flow'] as const) {
      const timing = new Timing(contenders[name])
      await timing.again()
      context.say(`${name}: ${timing.bestSeconds.toFixed(2)} s`)
      best[name] = Math.min(best[name], timing.bestSeconds)
    }
  }
  const rate = (seconds: number) => Math.round(events / seconds)
  const peer = { name: 'the bare client, reading', value: rate(best.bare) }
  const figure = { scenario: 'ingest-kurrentdb', unit: 'events/s', peer, goal: { atLeast: 0.8 } }
  return [
    measurement({ ...figure, figure: 'ingest into PostgreSQL', value: rate(best.flow) }),
    measurement({ ...figure, figure: 'the source alone', value: rate(best.source) }),
  ]
}

async function fill(url: string, events: number): Promise<void> {
  const client = KurrentDBClient.connectionString(url)
  const rows = scanRows(0, events, 0).map(({ rows }) => rows[0]?.[0] ?? {})
  for (let from = 0; from < events; from += APPEND_AT_ONCE) {
    const some = rows.slice(from, from + APPEND_AT_ONCE)
    const data = some.map((row) => JSON.parse(JSON.stringify(row)))
    await client.appendToStream(
      `scans-${(from / APPEND_AT_ONCE) % 7}`,
      data.map((row) => jsonEvent({ type: 'scanned', data: row })),
    )
  }
  await client.dispose()
}

async function bare(url: string, events: number): Promise<void> {
  const client = KurrentDBClient.connectionString(url)
  const subscription = client.subscribeToAll({ filter: excludeSystemEvents() })
  let seen = 0
  await new Promise<void>((resolve, reject) => {
    subscription.on('error', reject)
    subscription.on('data', () => {
      if (++seen === events) resolve()
    })
  })
  await client.dispose()
}

async function source(url: string, events: number): Promise<void> {
  const stop = new AbortController()
  const options = { flow: 'bench', batch: BATCH_LIMITS, lanes: 4, notice: () => undefined }
  await using source = kurrentdb({ url }).source(options)
  let seen = 0
  for await (const batch of source.read(new Map(), stop.signal)) {
    seen += batch.items.length
    await source.acknowledge(batch)
    if (seen === events) stop.abort()
  }
}

let runs = 0

async function flow(url: string, events: number, target: string): Promise<void> {
  await using plain = await plainSql(target)
  await plain.run(CREATE)
  await using database = postgres(target)
  const drain = new AbortController()
  let items = 0
  const flow = ingest({
    from: kurrentdb({ url }),
    into: database.table(scanResults, { version: 'lastSeen' }),
    schema: Scan,
    map: (scan) => scan,
  })
  await flow.run({
    name: `bench-${++runs}`,
    observer: (event) => {
      if (event.type === 'batch') items += event.items
      if (items >= events) drain.abort()
    },
    drain: drain.signal,
    abort: new AbortController().signal,
    untilCaughtUp: false,
  })
  const { rows } = await plain.run('select count(*)::int as count from scan_results')
  if (rows[0].count !== events) throw new Error(`${rows[0].count} of ${events} rows arrived`)
  await plain.run('drop table scan_results')
}
