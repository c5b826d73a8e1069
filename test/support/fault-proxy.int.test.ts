import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Binaries, copyBinaries } from '../../src/embedded/binaries.js'
import { EmbeddedServer } from '../../src/embedded/server.js'
import { type FaultProxy, startFaultProxy } from './fault-proxy.js'

let binaries: Binaries
let server: EmbeddedServer
let proxy: FaultProxy
const clients: pg.Client[] = []

beforeAll(async () => {
  binaries = await copyBinaries()
  server = await EmbeddedServer.start(binaries)
  proxy = await startFaultProxy(server.url())
  await query(server.url(), 'create table t (id int primary key)')
})

beforeEach(async () => {
  await proxy.set({ kind: 'none' })
  proxy.resetAll()
  await query(server.url(), 'truncate t')
})

afterAll(async () => {
  await Promise.allSettled(clients.map((client) => client.end()))
  await proxy[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await binaries[Symbol.asyncDispose]()
})

async function open(url = proxy.url, deadlineMs = 10_000): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: deadlineMs })
  client.on('error', () => undefined)
  clients.push(client)
  await client.connect()
  return client
}

async function query(url: string, sql: string): Promise<pg.QueryResult> {
  const client = await open(url)
  try {
    return await client.query(sql)
  } finally {
    await client.end()
  }
}

async function stored(): Promise<number> {
  return Number((await query(server.url(), 'select count(*) from t')).rows[0].count)
}

/** How long the work took, in ms. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

describe('a fault proxy', () => {
  it('passes what is sent, large answers too', async () => {
    const { rows } = await query(proxy.url, "select repeat('x', 20000000) as text")
    expect(rows[0].text).toHaveLength(20_000_000)
  })

  it('slows each direction down', async () => {
    const client = await open()
    await proxy.set({ kind: 'slow', latencyMs: 60 })
    expect(await timed(() => client.query('select 1'))).toBeGreaterThan(115)
    await proxy.set({ kind: 'slow', bytesPerSecond: 1_000_000 })
    expect(await timed(() => client.query("select repeat('x', 300000)"))).toBeGreaterThan(280)
  })

  it('holds everything, and lets it pass later', async () => {
    const client = await open()
    await proxy.set({ kind: 'hold' })
    let answered = false
    const pending = client.query('insert into t values (1)').then(() => {
      answered = true
    })
    await expect(open(proxy.url, 300)).rejects.toThrow('timeout')
    expect([answered, await stored()]).toEqual([false, 0])
    await proxy.set({ kind: 'none' })
    await pending
    expect(await stored()).toBe(1)
  })

  it('is heard by the server and hears nothing when the client is deaf', async () => {
    const client = await open()
    await proxy.set({ kind: 'half-open', deaf: 'client' })
    const pending = client.query('insert into t values (1)')
    await expect.poll(stored).toBe(1)
    await proxy.set({ kind: 'none' })
    expect((await pending).rowCount).toBe(1)
  })

  it('resets all connections, once or all the time', async () => {
    const client = await open()
    const sleeping = client.query('select pg_sleep(60)')
    proxy.resetAll()
    await expect(sleeping).rejects.toThrow()
    await proxy.set({ kind: 'reset-every', everyMs: 20 })
    await expect(query(proxy.url, 'select pg_sleep(60)')).rejects.toThrow()
    await expect.poll(() => proxy.open).toBe(0)
  })

  it('refuses new connections and keeps the old', async () => {
    const client = await open()
    await proxy.set({ kind: 'refuse' })
    await expect(open()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect((await client.query('select 1')).rowCount).toBe(1)
    await proxy.set({ kind: 'none' })
    expect((await query(proxy.url, 'select 1')).rowCount).toBe(1)
  })

  it.each([
    { when: 'before', rows: 0 },
    { when: 'after', rows: 1 },
  ] as const)(
    'cuts $when the server commits: $rows rows stored, and the client cannot know',
    async ({ when, rows }) => {
      const cutsBefore = proxy.cuts
      const client = await open()
      await client.query('begin')
      await client.query('insert into t values (1)')
      await proxy.set({ kind: 'cut', when })
      await expect(client.query('commit')).rejects.toThrow()
      expect([await stored(), proxy.cuts - cutsBefore]).toEqual([rows, 1])
      const again = await open()
      await again.query('begin')
      await expect(again.query('commit')).resolves.toMatchObject({ command: 'COMMIT' })
    },
  )

  it('cuts at any statement, also when it is sent with parameters', async () => {
    await proxy.set({ kind: 'cut', when: 'after', statement: /^insert/ })
    const client = await open()
    await expect(client.query('insert into t values ($1)', [7])).rejects.toThrow()
    expect(await stored()).toBe(1)
  })
})
