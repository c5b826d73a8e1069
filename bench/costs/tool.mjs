// The built package in a process of its own, as users run it: takes one job, runs it to its end, tells what went over its
// connections, and stays until its parent has read what it cost.
import { Socket } from 'node:net'
import { check, feed, ingest, json, sync } from 'lockstep'
import { files } from 'lockstep/files'
import { folder } from 'lockstep/folder'
import { kafka } from 'lockstep/kafka'
import { kurrentdb } from 'lockstep/kurrentdb'
import { postgres } from 'lockstep/postgres'
import { pubsub } from 'lockstep/pubsub'
import { z } from 'zod'

/** @type {Map<Socket, number>} */
const sockets = new Map()
const connect = Socket.prototype.connect
Socket.prototype.connect = function (...given) {
  this.once('connect', () => sockets.set(this, this.remotePort))
  return connect.apply(this, given)
}

const Scan = z
  .object({
    ip: z.union([z.ipv4(), z.ipv6()]),
    port: z.int().min(0).max(65_535),
    service: z.string().min(1),
    timestamp: z.int().min(0),
    data_version: z.literal(2),
    data: z.object({ response_str: z.string() }),
  })
  .transform((scan) => ({
    ip: scan.ip,
    port: scan.port,
    service: scan.service,
    response: scan.data.response_str,
    last_seen: new Date(scan.timestamp * 1000),
  }))

const databases = []
const database = (url) => {
  const one = postgres(url)
  databases.push(one)
  return one
}

const toEntity = ({ id, name, phone, url, latitude, longitude, ...address }) => ({
  entity_id: String(id),
  name,
  telephone: phone,
  url,
  location: { latitude, longitude, address },
})

async function streamOf(from) {
  if (from.system === 'files') return files({ path: from.path })
  if (from.system === 'kurrentdb') {
    const { url, group } = from
    return kurrentdb(group === undefined ? { url } : { url, subscription: { group, create: true } })
  }
  if (from.system === 'pubsub') {
    const { address: emulatorHost, project, subscription } = from
    return pubsub({ project, subscription, emulatorHost, maxMessages: 10_000, maxBytes: 64 << 20 })
  }
  const { Kafka, logLevel } = await import('kafkajs')
  const client = new Kafka({ brokers: from.brokers, logLevel: logLevel.NOTHING })
  return kafka({ client, topics: [from.topic], groupId: from.group, maxWaitMs: 200 })
}

async function flowOf({ kind, source, target, path, from }) {
  if (kind === 'sync') {
    return sync({ table: 'records', between: [database(source), database(target)], compareEveryMs: 1e9 })
  }
  if (kind === 'check') {
    return check.tables({ left: database(source).table('records'), right: database(target).table('records') })
  }
  if (kind === 'references') {
    const one = database(source)
    return check.references({
      master: one.table('blobs').column('refs'),
      references: ['sent', 'attached', 'contacts', 'bodies'].map((name) => one.table(name).column('blob_id')),
    })
  }
  if (kind === 'feed') {
    const to = folder(path)
    return feed({
      from: database(source).table('facility'),
      as: json({ envelope: 'data' }),
      to,
      map: toEntity,
      keep: 1,
    })
  }
  const into = database(target).table('scan_results', { key: ['ip', 'port', 'service'], version: 'last_seen' })
  return ingest({ from: await streamOf(from), into, schema: Scan, map: (scan) => scan })
}

/** Runs until the flow ends by itself or, of one that does not, until it has stored so many items. */
async function perform(job) {
  const flow = await flowOf(job)
  const drain = new AbortController()
  let items = 0
  let firstAtMs
  let seconds
  const startedAtMs = performance.now()
  const observer = (event) => {
    if (event.type === 'verdict') process.send({ type: 'compared' })
    if (event.type !== 'batch' || event.items === 0) return
    firstAtMs ??= performance.now()
    items += event.items
    if (job.items === undefined || items < job.items || seconds !== undefined) return
    // A group of consumers alone takes seconds to be joined: of a stream, time counts from the first batch.
    seconds = (performance.now() - firstAtMs) / 1000
    drain.abort()
  }
  const { signal: abort } = new AbortController()
  const untilCaughtUp = job.items === undefined
  const context = { name: 'costs', observer, drain: drain.signal, abort, untilCaughtUp }
  const report = flow.kind === 'check' ? await flow.check(context, {}) : await flow.run(context)
  seconds ??= (performance.now() - startedAtMs) / 1000
  await Promise.all(databases.map((one) => one[Symbol.asyncDispose]()))
  const wire = {}
  for (const [{ bytesRead, bytesWritten }, port] of sockets) {
    const sum = wire[port] ?? { received: 0, sent: 0 }
    wire[port] = { received: sum.received + bytesRead, sent: sum.sent + bytesWritten }
  }
  process.send({ type: 'done', seconds, wire, verdict: report?.verdict })
}

process.once('message', (job) =>
  perform(job).catch((error) =>
    process.send({ type: 'failed', reason: error instanceof Error ? error.stack : String(error) }),
  ),
)
// The parent has read what it wanted, or is gone.
process.once('disconnect', () => process.exit())
process.send({ type: 'ready' })
