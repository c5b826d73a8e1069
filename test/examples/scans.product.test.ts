import { randomUUID } from 'node:crypto'
import type { PubSub } from '@google-cloud/pubsub'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BuiltCli, builtCli } from '../support/built-cli.js'
import { plainClient, testDatabase } from '../support/postgres.js'
import { bareClient, PROJECT, type PubsubServer, publish, pubsubKinds } from '../support/pubsub.js'
import { query } from '../support/sql.js'
import { doctor, type Example, generate, lockstep, running, schemaOf } from './example.js'
import { type Facts, Published, ScansOracle } from './scans-oracle.js'

const TOPIC = 'scan-topic'
const NOW = 1_763_600_000

let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
})
afterAll(() => cli[Symbol.asyncDispose]())

/** The first version of the format. */
function v1({ response, ...facts }: Facts): string {
  const data = { response_bytes_utf8: Buffer.from(response).toString('base64') }
  return JSON.stringify({ ...facts, data_version: 1, data })
}

function v2({ response, ...facts }: Facts): string {
  return JSON.stringify({ ...facts, data_version: 2, data: { response_str: response } })
}

const facts = (port: number, changed: Partial<Facts> = {}): Facts => ({
  ip: '10.1.1.1',
  port,
  service: 'HTTP',
  timestamp: NOW,
  response: `port ${port}`,
  ...changed,
})

/** Each for one reason of its own. */
const BROKEN: readonly (string | Buffer)[] = [
  '',
  'null',
  '{"ip": "10.1.1.1", "port": 80',
  Buffer.from([0x7b, 0xff, 0xfe, 0x7d]),
  // Base64 of bytes that are no UTF-8; no base64; the text of the other version.
  JSON.stringify({ ...JSON.parse(v1(facts(1))), data: { response_bytes_utf8: '//79' } }),
  JSON.stringify({ ...JSON.parse(v1(facts(1))), data: { response_bytes_utf8: 'no base64' } }),
  JSON.stringify({ ...JSON.parse(v1(facts(1))), data: { response_str: 'text' } }),
  JSON.stringify({ ...JSON.parse(v2(facts(1))), data_version: 3 }),
  v2(facts(65_536)),
  v2(facts(1, { ip: '10.1.1.256' })),
  v2(facts(1, { ip: '10.1.1.0/24' })),
  v2(facts(1, { timestamp: NOW + 0.5 })),
  // Milliseconds; PostgreSQL cannot hold a NUL.
  v2(facts(1, { timestamp: NOW * 1000 })),
  v2(facts(1, { response: 'a\u0000b' })),
]

describe.each(pubsubKinds())('examples/scans on $name', ({ start }) => {
  const database = testDatabase()
  const oracle = new ScansOracle()
  let server: PubsubServer
  let client: PubSub
  let example: Example

  beforeAll(async () => {
    server = await start()
    client = bareClient(server.address)
    const env = { DATABASE_URL: database.url, PUBSUB_PROJECT: PROJECT, PUBSUB_EMULATOR_HOST: server.address }
    example = { cli, config: 'scans/lockstep.config.ts', env }
  })
  afterAll(async () => {
    await client?.close()
    await server?.[Symbol.asyncDispose]()
  })

  const settled = (): Promise<void> => expect.poll(() => oracle.faults(database.url), { timeout: 40_000 }).toEqual([])

  const published = async (some: readonly (readonly [Facts, string])[]): Promise<void> => {
    await publish(
      client,
      TOPIC,
      some.map(([, body]) => body),
    )
    for (const [said] of some) oracle.take(said)
  }

  it('says what is missing, and once all is there that all is well', async () => {
    expect(await doctor(example)).toMatchObject({ ok: false })
    await generate('scans/scanner.mjs', ['--create', '--count', '0'], example.env)
    await query(database.url, await schemaOf('scans/schema.sql'))
    expect(await doctor(example)).toMatchObject({ ok: true })
  })

  it('stores of each service the newest of what the scanner published, and keeps what nobody can read', async () => {
    const args = ['--count', '3000', '--rate', '1000000', '--broken', '0.02', '--twice', '0.05']
    for (const line of await generate('scans/scanner.mjs', args, example.env)) {
      const scan = Published.parse(line)
      if ('broken' in scan) oracle.takeBroken(scan.id)
      else oracle.take(scan)
    }
    expect(oracle.rows).toBeGreaterThan(2_000)
    expect(oracle.broken).toBeGreaterThan(20)
    await using _flow = running(example)
    await settled()
  })

  it('reads both versions to the letter', async () => {
    const texts = ['', '\ufeffbegins with a mark', 'äöü ✓ 🦄', '"\\', '{}', 'line\r\nline\t', 'é'.repeat(50_000)]
    await using _flow = running(example)
    await published(texts.map((response, at) => facts(100 + at, { response })).map((said) => [said, v1(said)]))
    await published(texts.map((response, at) => facts(200 + at, { response })).map((said) => [said, v2(said)]))
    await settled()
  })

  it('lets the newest win, whatever comes twice, late, or in another spelling', async () => {
    const [old, newer] = [facts(300), facts(300, { timestamp: NOW + 1, response: 'newer' })]
    const long = facts(301, { ip: '2001:db8::1', timestamp: NOW + 9, response: 'newest' })
    const spelt = JSON.stringify({ ...JSON.parse(v2({ ...long, timestamp: NOW })), ip: '2001:DB8:0:0:0:0:0:1' })
    await using _flow = running(example)
    // In one batch, in the wrong order, the same address spelt in two ways.
    await published([
      [newer, v1(newer)],
      [newer, v2(newer)],
      [old, v2(old)],
      [long, v1(long)],
      [{ ...long, timestamp: NOW }, spelt],
    ])
    await settled()
    // And again, when it is stored already; what is published last shows when they have been read.
    const last = facts(302)
    await published([
      [old, v1(old)],
      [newer, v1(newer)],
      [last, v1(last)],
    ])
    await settled()
  })

  it('keeps each message that nobody can read, as it came', async () => {
    await using _flow = running(example)
    // Among good ones, as a batch that is mostly bad stops the flow.
    const good = Array.from({ length: 100 }, (_, at) => facts(1_000 + at))
    await published(good.map((said) => [said, v2(said)]))
    // The emulator takes no empty message without an attribute.
    const topic = client.topic(TOPIC)
    const ids = await Promise.all(
      BROKEN.map((body) => topic.publishMessage({ data: Buffer.from(body), attributes: { broken: 'yes' } })),
    )
    for (const id of ids) oracle.takeBroken(id)
    await settled()
    const rows = await query<{ item_key: string; payload: string; encoding: string }>(
      database.url,
      `select item_key, payload, encoding from lockstep.dead_letters where headers::text like '%broken%'`,
    )
    const bodies = new Map(
      rows.map(({ item_key, payload, encoding }) => [
        item_key,
        Buffer.from(payload, encoding === 'base64' ? 'base64' : 'utf8').toString('hex'),
      ]),
    )
    expect(bodies).toEqual(new Map(ids.map((id, at) => [id, Buffer.from(BROKEN[at] ?? '').toString('hex')])))
  })

  it('stores a dead letter once the table takes it', async () => {
    await query(database.url, 'alter table scan_results add constraint refused check (port <> 400)')
    const said = facts(400, { response: 'late' })
    const [id = ''] = await publish(client, TOPIC, [v1(said)])
    oracle.takeBroken(id)
    await using _flow = running(example)
    await settled()
    const letter = `select code, state, attempts from lockstep.dead_letters where item_key = '${id}'`
    const [first] = await query<{ code: string }>(database.url, letter)
    expect(first).toMatchObject({ state: 'dead' })
    await query(database.url, 'alter table scan_results drop constraint refused')
    const replay = ['dead-letters', 'replay', 'scans', '--code', first?.code ?? '', '--json']
    expect((await lockstep(example, replay)).code).toBe(0)
    expect(await query(database.url, letter)).toMatchObject([{ state: 'replayed' }])
    expect(await query(database.url, 'select response from scan_results where port = 400')).toEqual([
      { response: 'late' },
    ])
    await query(database.url, 'delete from scan_results where port = 400')
  })
})

describe('examples/scans with a login of its own', () => {
  const [kind] = pubsubKinds()
  const database = testDatabase()
  const role = `scans_${randomUUID().slice(0, 8)}`

  beforeAll(async () => {
    await query(database.url, await schemaOf('scans/schema.sql'))
    await query(database.url, `revoke all on database ${database.name} from public; create role ${role} login`)
  })
  afterAll(() => query(database.url, `drop owned by ${role}; drop role ${role}`))

  it('needs the rights that `lockstep grants` prints, and no more', async () => {
    if (kind === undefined) throw new Error('no Pub/Sub')
    await using server = await kind.start()
    const env = { PUBSUB_PROJECT: PROJECT, PUBSUB_EMULATOR_HOST: server.address, DATABASE_URL: database.url }
    const owner: Example = { cli, config: 'scans/lockstep.config.ts', env }
    const scanner: Example = { ...owner, env: { ...env, DATABASE_URL: database.urlOf({ user: role }) } }
    await generate('scans/scanner.mjs', ['--create', '--count', '0'], env)
    expect(await doctor(scanner)).toMatchObject({ ok: false })
    // As `lockstep grants --role ... | psql` would run them.
    await query(database.url, (await lockstep(owner, ['grants', 'scans', '--role', role])).stdout)
    expect(await doctor(scanner)).toMatchObject({ ok: true })

    const lines = await generate('scans/scanner.mjs', ['--count', '200', '--rate', '1000', '--broken', '0.1'], env)
    const oracle = new ScansOracle()
    for (const scan of lines.map((line) => Published.parse(line))) {
      if ('broken' in scan) oracle.takeBroken(scan.id)
      else oracle.take(scan)
    }
    await using _flow = running(scanner)
    await expect.poll(() => oracle.faults(database.url)).toEqual([])
    await using asRole = await plainClient(database.urlOf({ user: role }))
    await expect(asRole.query('delete from scan_results')).rejects.toThrow('permission denied')
    await expect(asRole.query('create table mine (id int)')).rejects.toThrow('permission denied')
  })
})
