import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { mysql } from '../../../src/adapters/mysql/database.js'
import type { MysqlOptions } from '../../../src/adapters/mysql/session/options.js'
import { UnavailableError } from '../../../src/core/errors.js'
import { armFailpoint } from '../../../src/core/failpoint.js'
import type { UpsertSink } from '../../../src/core/upsert.js'
import type { MariadbServer } from '../../../src/embedded/mariadb/mariadb-server.js'
import { startFaultProxy } from '../../support/fault-proxy.js'
import { dedicatedMariadb, mariadbQuery, testMariadb } from '../../support/mariadb.js'

const { url, name } = testMariadb()
const CREATE = 'CREATE TABLE items (id int PRIMARY KEY, version int, a varchar(50))'
const never = new AbortController().signal

const disarm: (() => void)[] = []

beforeEach(async () => {
  await mariadbQuery(url, `DROP TABLE IF EXISTS items, lockstep_checkpoints; ${CREATE}`)
})

afterEach(() => {
  for (const undo of disarm.splice(0)) undo()
})

async function sinkAt(at: string, options: MysqlOptions = {}) {
  const database = mysql(at, options)
  await database.state.prepare(never)
  const sink = await database.upserts([database.table('items', { version: 'version' })], { flow: 'faults' }, never)
  return { database, sink, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() }
}

/** Writes rows 1 to 3 with their position, of which `expected` must be saved. */
async function write(sink: UpsertSink, position: string, expected?: string, signal = never): Promise<void> {
  const items = [1, 2, 3].map((id) => ({ rows: [[{ id, version: Number(position), a: `at ${position}` }]] }))
  await sink.write({ lane: 'a', position, items }, { flow: 'faults', attempt: 1, expected, signal })
}

/** The version of all rows, which must be one, and the position. */
async function stored(at: string): Promise<readonly [version: string | undefined, position: string | undefined]> {
  const versions = await mariadbQuery(at, 'SELECT version, count(*) AS n FROM items GROUP BY version')
  expect(versions.length).toBeLessThan(2)
  if (versions[0] !== undefined) expect(versions[0]['n']).toBe('3')
  const positions = await mariadbQuery(at, 'SELECT position FROM lockstep_checkpoints')
  const text = (value: unknown): string | undefined => (value === undefined ? undefined : String(value))
  return [text(versions[0]?.['version']), text(positions[0]?.['position'])]
}

describe('rows and position', () => {
  it.each(['before', 'after'] as const)(
    'stay together when the link is cut %s the server does COMMIT',
    async (when) => {
      await using proxy = await startFaultProxy(url)
      await using target = await sinkAt(proxy.url)
      await write(target.sink, '1')
      await proxy.set({ kind: 'cut', when })
      await expect(write(target.sink, '2', '1')).rejects.toMatchObject({
        name: 'UnavailableError',
        code: 'commit-unknown',
      })
      expect(proxy.cuts).toBe(1)
      const done = when === 'after' ? '2' : '1'
      await expect.poll(() => stored(url)).toEqual([done, done])
      expect(await target.sink.checkpoints.load('faults')).toEqual(new Map([['a', done]]))
      await write(target.sink, '3', done)
      expect(await stored(url)).toEqual(['3', '3'])
    },
  )

  it('are not stored when the process fails before COMMIT, and are when it fails after', async () => {
    await using target = await sinkAt(url)
    const fail = (): never => {
      throw new Error('failpoint')
    }
    disarm.push(armFailpoint('upsert:before-commit', fail))
    await expect(write(target.sink, '1')).rejects.toThrow('failpoint')
    expect(await stored(url)).toEqual([undefined, undefined])
    disarm.pop()?.()
    disarm.push(armFailpoint('upsert:after-commit', fail))
    await expect(write(target.sink, '1')).rejects.toThrow('failpoint')
    expect(await stored(url)).toEqual(['1', '1'])
  })

  it('survive connections that are killed all the time', async () => {
    await using target = await sinkAt(url)
    let position: string | undefined
    let failures = 0
    const kill = async (): Promise<void> => {
      const open = `SELECT id FROM information_schema.processlist WHERE db = '${name}' AND id <> connection_id()`
      for (const { id } of await mariadbQuery(url, open)) await mariadbQuery(url, `KILL ${String(id)}`).catch(() => {})
    }
    for (let at = 1; at <= 20; at++) {
      const killing = kill()
      for (;;) {
        const expected = position
        const error = await write(target.sink, String(at), expected).catch((thrown: unknown) => thrown)
        if (error !== undefined) {
          expect(error).toBeInstanceOf(UnavailableError)
          failures += 1
        }
        position = await positionOf(target.sink)
        if (position === String(at)) break
      }
      await killing
    }
    expect(await stored(url)).toEqual(['20', '20'])
    expect(failures).toBeGreaterThan(0)
  })

  it('wait no longer than the deadline for a server that is silent, nor after an abort', async () => {
    await using proxy = await startFaultProxy(url)
    await using target = await sinkAt(proxy.url, { statementMs: 300 })
    await write(target.sink, '1')
    await proxy.set({ kind: 'hold' })
    await expect(write(target.sink, '2', '1')).rejects.toMatchObject({ code: 'deadline-passed' })
    await expect(target.database.identify(AbortSignal.timeout(100))).rejects.toMatchObject({ code: 'aborted' })
    await proxy.set({ kind: 'none' })
    await expect
      .poll(() =>
        write(target.sink, '2', '1').then(
          () => true,
          () => false,
        ),
      )
      .toBe(true)
    expect(await stored(url)).toEqual(['2', '2'])
  })

  it('wait for a lock, but not for ever', async () => {
    await using target = await sinkAt(url, { lockMs: 1_000 })
    await write(target.sink, '1')
    await using other = mysql(url)
    await other.session.transaction(async (transaction) => {
      const { sql } = await import('drizzle-orm')
      await transaction.execute(sql`select * from items where id = 2 for update`)
      await expect(write(target.sink, '2', '1')).rejects.toMatchObject({
        name: 'UnavailableError',
        code: 'lock-timeout',
      })
    })
    await write(target.sink, '2', '1')
    expect(await stored(url)).toEqual(['2', '2'])
  })
})

/** Asked until it is answered, as the engine does. */
async function positionOf(sink: UpsertSink): Promise<string | undefined> {
  return vi.waitFor(async () => (await sink.checkpoints.load('faults')).get('a'))
}

describe('a server of its own', () => {
  async function prepared(server: MariadbServer): Promise<string> {
    await mariadbQuery(server.url(), `CREATE DATABASE own; USE own; ${CREATE}`)
    return server.url('own')
  }

  it('that is killed and comes back holds whole batches only, each that was confirmed among them', async () => {
    await using server = await dedicatedMariadb()
    const at = await prepared(server)
    await using target = await sinkAt(at, { connectMs: 2_000 })
    let confirmed = 0
    for (let round = 0; round < 3; round++) {
      const writing = (async () => {
        for (;;) {
          await write(target.sink, String(confirmed + 1), confirmed === 0 ? undefined : String(confirmed))
          confirmed += 1
        }
      })().catch((error: unknown) => error)
      await expect.poll(() => confirmed).toBeGreaterThan(round * 5 + 2)
      await server.kill()
      expect(await writing).toBeInstanceOf(UnavailableError)
      await server.start()
      const [version, position] = await stored(at)
      expect(version).toBe(position)
      expect(Number(position)).toBeGreaterThanOrEqual(confirmed)
      expect(Number(position)).toBeLessThanOrEqual(confirmed + 1)
      confirmed = Number(position)
    }
  })

  it('that is frozen keeps nobody waiting', async () => {
    await using server = await dedicatedMariadb()
    const at = await prepared(server)
    await using target = await sinkAt(at, { statementMs: 300, connectMs: 300 })
    await write(target.sink, '1')
    await server.freeze(true)
    await expect(write(target.sink, '2', '1')).rejects.toBeInstanceOf(UnavailableError)
    await expect(target.database.identify(never)).rejects.toBeInstanceOf(UnavailableError)
    await server.freeze(false)
    await expect
      .poll(() =>
        write(target.sink, '2', '1').then(
          () => true,
          () => false,
        ),
      )
      .toBe(true)
    expect(await stored(at)).toEqual(['2', '2'])
  })

  it('that has no room left is waited for, and nothing is a dead letter', async () => {
    const full = { 'innodb-file-per-table': '0', 'innodb-data-file-path': 'ibdata1:12M:autoextend:max:48M' }
    await using server = await dedicatedMariadb({ settings: full })
    const at = await prepared(server)
    await using target = await sinkAt(at)
    await write(target.sink, '1')
    await mariadbQuery(at, 'CREATE TABLE filler (a longblob) ENGINE=InnoDB')
    const fill = `INSERT INTO filler VALUES (repeat('x', 3000000))`
    for (let bytes = 3_000_000; bytes > 400_000; ) {
      const more = await mariadbQuery(at, fill.replace('3000000', String(bytes))).then(
        () => true,
        () => false,
      )
      if (!more) bytes = Math.floor(bytes / 3)
    }
    const large = Array.from({ length: 50_000 }, (_, id) => ({
      rows: [[{ id: 1_000 + id, version: 1, a: 'x'.repeat(50) }]],
    }))
    const batch = { lane: 'a', position: '2', items: large }
    const context = { flow: 'faults', attempt: 1, expected: '1', signal: never }
    await expect(target.sink.write(batch, context)).rejects.toMatchObject({
      name: 'UnavailableError',
      code: 'disk-full',
    })
    expect(await stored(at)).toEqual(['1', '1'])
    expect(await target.database.state.deadLetters.count('faults')).toBe(0)
  })
})
