import { sql } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { postgres } from '../../../src/adapters/postgres/index.js'
import { COMMIT } from '../../support/fault.js'
import { FaultProxy } from '../../support/fault-proxy.js'
import { dedicatedServer, plainClient, testDatabase } from '../../support/postgres.js'

const database = testDatabase()
const one = sql`select 1 as one`
const quick = { connectMs: 300, statementMs: 300 }

/** The margin of the client over `statementMs`, and something for a busy machine. */
const PATIENCE_MS = 10_000

beforeAll(async () => {
  await using client = await plainClient(database.url)
  await client.query('CREATE TABLE money (id int PRIMARY KEY)')
})

const stored = async (): Promise<unknown[]> => {
  await using client = await plainClient(database.url)
  return (await client.query('SELECT id FROM money ORDER BY id')).rows.map(({ id }) => id)
}

describe('a link that breaks', () => {
  it.each([
    ['before', 1, false],
    ['after', 2, true],
  ] as const)('%s the server gets COMMIT: the outcome is said to be unknown', async (when, id, committed) => {
    await using proxy = await FaultProxy.start(database.url)
    await using handle = postgres(proxy.url)
    await handle.session.execute(one)
    await proxy.set({ kind: 'cut', when, statement: COMMIT })
    const work = handle.session.transaction((transaction) => transaction.execute(sql`insert into money values (${id})`))
    await expect(work).rejects.toMatchObject({
      code: 'commit-unknown',
      name: 'UnavailableError',
      cause: expect.any(Error),
    })
    await expect.poll(async () => (await stored()).includes(id)).toBe(committed)
    expect(await handle.session.execute(one)).toEqual([{ one: 1 }])
  })

  it('falls silent: a statement ends at its deadline, and the next one uses another connection', async () => {
    await using proxy = await FaultProxy.start(database.url)
    await using handle = postgres(proxy.url, quick)
    await handle.session.execute(one)
    await proxy.set({ kind: 'hold' })
    const start = Date.now()
    await expect(handle.session.execute(one)).rejects.toMatchObject({ code: 'deadline-passed' })
    await expect(handle.session.execute(one)).rejects.toMatchObject({ code: 'deadline-passed' })
    expect(Date.now() - start).toBeLessThan(PATIENCE_MS)
    await proxy.set({ kind: 'none' })
    expect(await handle.session.execute(one)).toEqual([{ one: 1 }])
  })

  it('is refused, then comes back', async () => {
    await using proxy = await FaultProxy.start(database.url)
    await using handle = postgres(proxy.url)
    await proxy.set({ kind: 'refuse' })
    await expect(handle.session.execute(one)).rejects.toMatchObject({
      code: 'connection-refused',
      name: 'UnavailableError',
    })
    await proxy.set({ kind: 'none' })
    expect(await handle.session.execute(one)).toEqual([{ one: 1 }])
  })

  it('while idle does no harm', async () => {
    await using proxy = await FaultProxy.start(database.url)
    await using handle = postgres(proxy.url)
    await Promise.all([1, 2, 3].map(() => handle.session.execute(one)))
    proxy.resetAll()
    await expect.poll(() => proxy.open).toBe(0)
    await expect.poll(() => handle.session.execute(one).catch(() => 'lost')).toEqual([{ one: 1 }])
  })
})

describe('a server that', () => {
  it('is frozen does not hang us beyond the deadlines, and dispose neither', async () => {
    await using server = await dedicatedServer()
    const handle = postgres(server.url(), quick)
    const connection = handle.connect('frozen')
    await Promise.all([handle.session.execute(one), connection.execute(one)])
    await server.freeze(true)
    const start = Date.now()
    await expect(connection.execute(one)).rejects.toMatchObject({ name: 'UnavailableError', code: 'deadline-passed' })
    await expect(connection.execute(one)).rejects.toMatchObject({ name: 'UnavailableError', code: 'deadline-passed' })
    await expect(handle.identify(AbortSignal.timeout(200))).rejects.toMatchObject({ name: 'UnavailableError' })
    await handle[Symbol.asyncDispose]()
    expect(Date.now() - start).toBeLessThan(PATIENCE_MS)
  })

  it('is killed is unavailable until it is back, and is the same server then', async () => {
    await using server = await dedicatedServer()
    await using handle = postgres(server.url())
    const before = await handle.identify(AbortSignal.timeout(5_000))
    await using connection = handle.connect('survivor')
    await connection.execute(one)
    await server.kill()
    await expect(connection.execute(one)).rejects.toMatchObject({ name: 'UnavailableError' })
    await expect(connection.execute(one)).rejects.toMatchObject({ code: 'connection-refused' })
    await server.start()
    expect(await connection.execute(one)).toEqual([{ one: 1 }])
    await expect.poll(() => handle.identify(AbortSignal.timeout(5_000)).catch(() => 'lost')).toEqual(before)
  })
})
