/**
 * A scanner, as far as its messages go: publishes so many messages a second about random addresses, in both versions of
 * the format, until it is stopped or has published `--count`.
 *
 *   node scanner.mjs [--rate 1] [--count 100] [--create] [--broken 0.01] [--twice 0.01] [--log published.ndjson]
 *
 * `--create` makes topic and subscription first; `--broken` is the share of messages that nobody can read, `--twice` of
 * those that are published twice; `--log` is where it writes down what it published, for whoever wants to compare.
 */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { PubSub } from '@google-cloud/pubsub'

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '1' },
    count: { type: 'string', default: 'Infinity' },
    create: { type: 'boolean', default: false },
    broken: { type: 'string', default: '0' },
    twice: { type: 'string', default: '0' },
    log: { type: 'string' },
  },
})
const rate = Number(values.rate)
const count = Number(values.count)
const broken = Number(values.broken)
const twice = Number(values.twice)
const SERVICES = ['HTTP', 'SSH', 'DNS']
/** Messages are published in steps of so many ms, at most so many at a time. */
const STEP_MS = 50
const STEP_MESSAGES = 1_000

const { PUBSUB_PROJECT = 'test-project', PUBSUB_TOPIC = 'scan-topic', PUBSUB_SUBSCRIPTION = 'scan-sub' } = process.env
const pubsub = new PubSub({ projectId: PUBSUB_PROJECT })
if (values.create) {
  const [created] = await pubsub.topic(PUBSUB_TOPIC).get({ autoCreate: true })
  await created.subscription(PUBSUB_SUBSCRIPTION).get({ autoCreate: true })
}
const topic = pubsub.topic(PUBSUB_TOPIC, { batching: { maxMessages: STEP_MESSAGES, maxMilliseconds: 10 } })
const log = values.log === undefined ? undefined : createWriteStream(values.log)

function random(below) {
  return Math.floor(Math.random() * below)
}

/** The facts of a message, as they must be found in the table. */
function scan() {
  return {
    ip: `1.1.${random(4)}.${random(256)}`,
    port: 1 + random(64),
    service: SERVICES[random(SERVICES.length)],
    // Messages overtake one another.
    timestamp: Math.floor(Date.now() / 1000) - random(600),
    response: `service response: ${random(100)} äöü ✓`,
  }
}

function encode({ response, ...facts }) {
  const data =
    random(2) === 0
      ? { data_version: 1, data: { response_bytes_utf8: Buffer.from(response).toString('base64') } }
      : { data_version: 2, data: { response_str: response } }
  return Buffer.from(JSON.stringify({ ...facts, ...data }))
}

const BROKEN = [
  Buffer.from('{"ip": "1.1.1.1", "port": 80'),
  Buffer.from([0x7b, 0xff, 0xfe, 0x7d]),
  Buffer.from('{"ip": "not an address", "port": 80, "service": "HTTP", "timestamp": 1, "data_version": 2, "data": {}}'),
]

async function publish() {
  const facts = Math.random() < broken ? undefined : scan()
  const data = facts === undefined ? BROKEN[random(BROKEN.length)] : encode(facts)
  for (let left = Math.random() < twice ? 2 : 1; left > 0; left--) {
    const id = await topic.publishMessage({ data })
    log?.write(`${JSON.stringify({ id, ...(facts ?? { broken: true }) })}\n`)
  }
}

const startedAt = performance.now()
for (let published = 0; published < count; ) {
  const due = Math.min(count, Math.ceil(((performance.now() - startedAt) / 1000) * rate), published + STEP_MESSAGES)
  await Promise.all(Array.from({ length: due - published }, publish))
  published = due
  if (published < count) await delay(Math.min(STEP_MS, 1000 / rate))
}
await pubsub.close()
if (log !== undefined) await once(log.end(), 'close')
