import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { excludeSystemEvents, jsonEvent, KurrentDBClient } from '@kurrent/kurrentdb-client'
import { kurrentdb } from '../../src/adapters/kurrentdb/index.js'
import type { Measurement } from '../measurement.js'
import type { BenchContext, Scenario } from '../scenario.js'
import { contest, Stopwatch } from './contest.js'
import { ingestScans, readScans, scanMessages } from './scans.js'

const DEFAULT_EVENTS = 100_000
const APPEND_AT_ONCE = 5_000

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
  const messages = context.rows ?? DEFAULT_EVENTS
  await fillEvents(url, messages)
  let flows = 0
  return contest(context, {
    scenario: 'ingest-kurrentdb',
    peer: 'the bare client, reading',
    messages,
    contenders: {
      bare: () => bare(url, messages),
      source: () => readScans({ stream: kurrentdb({ url }), messages }),
      flow: () => ingestScans({ stream: kurrentdb({ url }), messages }, { url: target, name: `bench-${++flows}` }),
    },
  })
}

export async function fillEvents(url: string, events: number): Promise<void> {
  const client = KurrentDBClient.connectionString(url)
  for (let from = 0; from < events; from += APPEND_AT_ONCE) {
    const some = scanMessages(from, Math.min(events, from + APPEND_AT_ONCE))
    await client.appendToStream(
      `scans-${(from / APPEND_AT_ONCE) % 7}`,
      some.map((scan) => jsonEvent({ type: 'scanned', data: JSON.parse(JSON.stringify(scan)) })),
    )
  }
  await client.dispose()
}

async function bare(url: string, events: number): Promise<number> {
  const client = KurrentDBClient.connectionString(url)
  const watch = new Stopwatch()
  watch.start()
  const subscription = client.subscribeToAll({ filter: excludeSystemEvents() })
  let seen = 0
  const seconds = await new Promise<number>((resolve, reject) => {
    subscription.on('error', reject)
    subscription.on('data', () => {
      if (++seen === events) resolve(watch.seconds)
    })
  })
  await client.dispose()
  return seconds
}
