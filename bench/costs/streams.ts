import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import type { FlowCost } from '../../scripts/sizing/costs.js'
import { startMockCluster } from '../../test/support/kafka/mock-cluster.js'
import { bareClient, PROJECT } from '../../test/support/pubsub.js'
import { fillTopic } from '../ingest/kafka.js'
import { fillEvents } from '../ingest/kurrentdb.js'
import { startDouble, subscriptionWith } from '../ingest/pubsub.js'
import { scanMessages } from '../ingest/scans.js'
import { CREATE } from '../ingest/sink-rows.js'
import { plainSql } from '../plain-sql.js'
import type { CostEntry, Place } from './databases.js'
import { measure } from './measure.js'
import type { Job } from './tool-process.js'

/** A double keeps all messages in memory, and what they cost is known from fewer of them. */
const FEWER = 2
const FILES = 4
const LINES_AT_ONCE = 1_000

/** `ingest` into PostgreSQL: from files, and from doubles of the three brokers, each in a process of its own. */
export async function streamCosts(place: Place): Promise<readonly CostEntry[]> {
  const fewer: Place = { ...place, rows: Math.ceil(place.rows / FEWER) }
  return [
    ['ingest-files', await fromFiles(place)],
    ...(await fromKurrentdb(fewer)),
    ['ingest-pubsub', await fromPubsub(fewer)],
    ['ingest-kafka', await fromKafka(fewer)],
  ]
}

async function ingested({ b, rows }: Place, from: NonNullable<Job['from']>): Promise<FlowCost> {
  await using target = await plainSql(b.url())
  await target.run('drop table if exists scan_results')
  await target.run(CREATE)
  await target.run('checkpoint')
  const endless = from['system'] !== 'files'
  const job = { kind: 'ingest', from, ...(endless ? { items: rows } : {}) } as const
  const cost = await measure({ rows, target: b, broker: endless, job })
  const { rows: found } = await target.run('select count(*)::int as count from scan_results')
  if (found[0].count !== rows) throw new Error(`${found[0].count} of ${rows} messages were stored`)
  return cost
}

async function fromFiles(place: Place): Promise<FlowCost> {
  const { rows, say } = place
  say(`ingesting ${rows.toLocaleString('en-US')} lines of files`)
  const path = await mkdtemp(join(tmpdir(), 'lockstep-costs-'))
  const share = Math.ceil(rows / FILES)
  try {
    for (let file = 0; file < FILES; file++) {
      const lines = linesOf(file * share, Math.min(rows, (file + 1) * share))
      await pipeline(Readable.from(lines), createWriteStream(join(path, `${file}.ndjson`)))
    }
    return await ingested(place, { system: 'files', path: `${path}/*.ndjson` })
  } finally {
    await rm(path, { recursive: true, force: true })
  }
}

function* linesOf(from: number, to: number): Iterable<string> {
  for (let at = from; at < to; at += LINES_AT_ONCE) {
    const scans = scanMessages(at, Math.min(to, at + LINES_AT_ONCE))
    yield `${scans.map((scan) => JSON.stringify(scan)).join('\n')}\n`
  }
}

async function fromKurrentdb(place: Place): Promise<readonly CostEntry[]> {
  place.say(`ingesting ${place.rows.toLocaleString('en-US')} events of KurrentDB`)
  const child = fork(fileURLToPath(new URL('../ingest/kurrentdb-double.ts', import.meta.url)))
  try {
    const [url] = await once(child, 'message')
    await fillEvents(String(url), place.rows)
    const from = { system: 'kurrentdb', url: String(url) }
    return [
      ['ingest-kurrentdb', await ingested(place, from)],
      ['ingest-kurrentdb-group', await ingested(place, { ...from, group: 'costs' })],
    ]
  } finally {
    const exit = once(child, 'exit')
    child.kill()
    await exit
  }
}

async function fromPubsub(place: Place): Promise<FlowCost> {
  place.say(`ingesting ${place.rows.toLocaleString('en-US')} messages of Pub/Sub`)
  await using server = await startDouble()
  const client = bareClient(server.address)
  const [topic, name] = ['costs', 'costs-subscription']
  await client.createTopic(topic)
  const bodies = scanMessages(0, place.rows).map((scan) => Buffer.from(JSON.stringify(scan)))
  await subscriptionWith(client, { topic, name, bodies })
  await client.close()
  return await ingested(place, { system: 'pubsub', address: server.address, project: PROJECT, subscription: name })
}

async function fromKafka(place: Place): Promise<FlowCost> {
  place.say(`ingesting ${place.rows.toLocaleString('en-US')} messages of Kafka`)
  await using cluster = await startMockCluster(1)
  await fillTopic(cluster, 'scans', place.rows)
  return await ingested(place, { system: 'kafka', brokers: cluster.brokers, topic: 'scans', group: 'costs' })
}
