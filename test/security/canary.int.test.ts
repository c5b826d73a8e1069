import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { Kafka, logLevel } from 'kafkajs'
import { type AlertSink, check, type Flow, feed, ingest, relay } from 'lockstep'
import { azure } from 'lockstep/azure'
import { gcs } from 'lockstep/gcs'
import { kafkaTopic } from 'lockstep/kafka'
import { kurrentdb } from 'lockstep/kurrentdb'
import { mysql } from 'lockstep/mysql'
import { postgres } from 'lockstep/postgres'
import { redis } from 'lockstep/redis'
import { s3 } from 'lockstep/s3'
import { sftp } from 'lockstep/sftp'
import { sqlite } from 'lockstep/sqlite'
import { webhook } from 'lockstep/webhook'
import { describe, expect, it, vi } from 'vitest'
import type { Database } from '../../src/core/database.js'
import type { FlowContext } from '../../src/core/flow.js'
import { logObserver } from '../../src/observe/log-observer.js'
import { createLogger } from '../../src/observe/logger.js'
import { subject } from '../serve/subject.js'

const SOURCES = fileURLToPath(new URL('../../src', import.meta.url))
/** In no word, and left as it is by every encoding of addresses. */
const CANARY = 'canary9f8e7d6c'
/** Nobody listens there. */
const NOWHERE = '127.0.0.1:1'
const TOKEN = 'a-token-of-sixteen'

const nowhere = () => postgres(`postgres://reader@${NOWHERE}/app`, { insecureTls: 'plaintext' })
const compared = (database: Database): Flow =>
  check.tables({ left: database.table('one'), right: database.table('other') })
const published = (to: Parameters<typeof feed>[0]['to']): Flow => feed({ from: table(nowhere()), to })
const table = (database: ReturnType<typeof nowhere>) => database.table('facility')
const alerted = (to: AlertSink): Flow =>
  check.tables({ left: table(nowhere()), right: table(nowhere()), alert: { when: 'any', to } })
const from = () => kurrentdb({ url: `kurrentdb://${NOWHERE}?tls=false` })
const host = { host: '127.0.0.1', port: 1, user: 'feeds', insecureHostKey: true } as const

/** A flow for every option of an adapter that takes a secret, by file and option; the secret is the canary. */
const FLOWS: Readonly<Record<string, () => Flow>> = {
  'adapters/postgres/database.ts url': () => compared(postgres(`postgres://me:${CANARY}@${NOWHERE}/app`)),
  'adapters/mysql/database.ts url': () => compared(mysql(`mysql://me:${CANARY}@${NOWHERE}/app`)),
  'core/distribute.ts postgres': () =>
    check.tables({
      left: nowhere().table('one'),
      right: nowhere().table('other'),
      distribute: { postgres: `postgres://me:${CANARY}@${NOWHERE}/queue` },
    }),
  'adapters/kurrentdb/options.ts url': () =>
    relay({
      from: kurrentdb({ url: `kurrentdb://me:${CANARY}@${NOWHERE}?tls=false` }),
      to: kafkaTopic({ client: kafkaClient(), topic: 'topic' }),
      state: nowhere(),
    }),
  'adapters/redis/redis.ts url': () => {
    const into = sqlite(':memory:').table('quotes', { key: ['id'], version: 'version' })
    const cache = redis(`redis://me:${CANARY}@${NOWHERE}`)
    return ingest({ from: from(), into, map: () => ({ id: '1', version: 1 }), cache })
  },
  'adapters/objects/s3/s3.ts secretAccessKey': () =>
    published(s3({ ...store(), credentials: { accessKeyId: 'id', secretAccessKey: CANARY } })),
  'adapters/objects/s3/s3.ts sessionToken': () =>
    published(s3({ ...store(), credentials: { accessKeyId: 'id', secretAccessKey: 'key', sessionToken: CANARY } })),
  'adapters/objects/gcs/gcs.ts privateKey': () =>
    published(gcs({ bucket: 'feeds', credentials: { clientEmail: 'me@example.com', privateKey: CANARY } })),
  'adapters/objects/azure/azure.ts connectionString': () =>
    published(
      azure({
        container: 'feeds',
        connectionString: `DefaultEndpointsProtocol=http;AccountName=me;AccountKey=${CANARY};BlobEndpoint=http://${NOWHERE}/me;`,
      }),
    ),
  'adapters/objects/sftp/options.ts privateKey': () => published(sftp({ ...host, privateKey: CANARY })),
  'adapters/objects/sftp/options.ts passphrase': () =>
    published(sftp({ ...host, privateKey: 'key', passphrase: CANARY })),
  'adapters/objects/sftp/options.ts password': () => published(sftp({ ...host, password: CANARY })),
  'adapters/webhook/webhook.ts url': () => alerted(webhook(`https://hooks.example.com/hooks/${CANARY}`)),
  'adapters/webhook/options.ts secret': () => alerted(webhook('https://hooks.example.com/hook', { secret: CANARY })),
  // Not of the type, and secret all the same.
  'adapters/webhook/options.ts headers': () =>
    alerted(webhook('https://hooks.example.com/hook', { headers: { authorization: `Bearer ${CANARY}` } })),
  'a Kafka client with a password': () =>
    relay({ from: from(), to: kafkaTopic({ client: kafkaClient(), topic: 'topic' }), state: nowhere() }),
}

/** Options of the config itself, which have tests of their own: traces.unit.test.ts and security.unit.test.ts. */
const ELSEWHERE = ['config/define-config.ts headers', 'config/define-config.ts token']

function store() {
  return { bucket: 'feeds', region: 'eu-central-1', endpoint: `http://${NOWHERE}` }
}

function kafkaClient(): Kafka {
  return new Kafka({
    brokers: [NOWHERE],
    sasl: { mechanism: 'plain', username: 'me', password: CANARY },
    ssl: true,
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
  })
}

/** Every option and parameter in the sources that is said to be a secret. */
function secretOptions(): readonly string[] {
  return readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .flatMap((path) => {
      const text = readFileSync(join(SOURCES, path), 'utf8')
      const options = [...text.matchAll(/readonly (\w+)\??: string \| Secret\b/g)].map(([, name]) => name)
      const parameters = [...text.matchAll(/^export function \w+\((\w+): string \| Secret[,)]/gm)].map(
        ([, name]) => name,
      )
      return [...options, ...parameters].map((name) => `${path} ${name}`)
    })
    .filter((name) => !name.endsWith(' given'))
}

/** What a run logs at the lowest level, from its start until it was at work or waited for what it cannot reach. */
async function logged(flow: Flow): Promise<string> {
  const lines: string[] = []
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const stop = new AbortController()
  const context: FlowContext = {
    name: 'subject',
    observer: logObserver(createLogger('trace', destination)),
    drain: stop.signal,
    abort: stop.signal,
    untilCaughtUp: false,
  }
  const running = flow.run(context).then(
    () => '',
    (error: unknown) => inspect(error, { depth: 0 }),
  )
  // Some try for a minute to reach a store before they say a word; then what they end with has to do.
  const over = running.then(() => lines.push('it ended'))
  const told = vi.waitFor(() => expect(lines.length).toBeGreaterThan(1), { timeout: 5_000 }).catch(() => undefined)
  await Promise.race([over, told])
  stop.abort()
  return [...lines, await running].join('\n')
}

/** Every answer of the API to a question about the flow. */
async function answers(flow: Flow): Promise<string> {
  await using api = subject({ flows: { subject: flow }, access: {} })
  const document: { paths: Record<string, { get?: unknown }> } = JSON.parse(
    await (await api.get('/openapi.json')).text(),
  )
  const paths = Object.keys(document.paths).filter(
    (path) => document.paths[path]?.get !== undefined && path !== '/api/v1/events',
  )
  const texts = paths.map(async (path) => {
    const answer = await api.get(path.replace('{flow}', 'subject').replace(/\{\w+\}/, '1'))
    return `${path} ${answer.status} ${await answer.text()}`
  })
  return (await Promise.all(texts)).join('\n')
}

async function close(flow: Flow): Promise<void> {
  for (const database of flow.databases) await database[Symbol.asyncDispose]()
}

describe('a secret', () => {
  it('is in the list below, wherever the config takes one', () => {
    expect(secretOptions().toSorted()).toEqual(
      expect.arrayContaining(['adapters/postgres/database.ts url', 'adapters/objects/s3/s3.ts secretAccessKey']),
    )
    const known = new Set([...Object.keys(FLOWS), ...ELSEWHERE])
    expect(secretOptions().filter((name) => !known.has(name))).toEqual([])
  })

  it.concurrent.each(Object.entries(FLOWS))(
    'in %s is in no view of the flow, no diagnosis, no log and no answer of the API',
    { timeout: 90_000 },
    async (_name, make) => {
      const flow = make()
      const signal = AbortSignal.timeout(5_000)
      const diagnosis = await flow.diagnose(signal).catch((error: unknown) => inspect(error, { depth: 0 }))
      const told = [
        JSON.stringify(flow.describe?.()),
        inspect(flow, { depth: 20 }),
        JSON.stringify(diagnosis),
        await logged(flow),
        await answers(flow),
      ]
      await close(flow)
      expect(told.map((text) => text.includes(CANARY))).toEqual(told.map(() => false))
      expect(told.join('')).not.toContain(TOKEN)
      // Something was told, so that this is no test of silence.
      expect(told.every((text) => text.length > 1)).toBe(true)
    },
  )
})
