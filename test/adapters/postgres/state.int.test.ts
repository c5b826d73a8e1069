import { randomBytes } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PostgresDatabase } from '../../../src/adapters/postgres/database.js'
import { postgres } from '../../../src/adapters/postgres/index.js'
import type { StateTable } from '../../../src/adapters/postgres/state/state-schema.js'
import type { DeadLetter } from '../../../src/core/dead-letter.js'
import { ConfigError, ConflictError } from '../../../src/core/errors.js'
import type { Conflict, RunRecord } from '../../../src/core/state.js'
import { checkStoreContract } from '../../contracts/check-store.js'
import { checkpointStoreContract } from '../../contracts/checkpoint-store.js'
import { conflictStoreContract } from '../../contracts/conflict-store.js'
import { eventLogContract } from '../../contracts/event-log-store.js'
import { feedRunStoreContract } from '../../contracts/feed-run-store.js'
import { leaseStoreContract } from '../../contracts/lease-store.js'
import { plainClient, testDatabase } from '../../support/postgres.js'

type State = PostgresDatabase['state']

const signal = AbortSignal.timeout(240_000)
const database = testDatabase()

const query = async (text: string, url = database.url): Promise<unknown[]> => {
  await using client = await plainClient(url)
  return (await client.query(text)).rows
}

/** One store over two handles of the database, its tables empty. */
async function both<Store>(tables: readonly StateTable[], storeOf: (state: State) => Store) {
  const [one, two] = [postgres(database.url), postgres(database.url)]
  await one.state.prepare(signal)
  await query(`TRUNCATE ${tables.map((table) => `lockstep.${table}`).join(', ')}`)
  return {
    store: storeOf(one.state),
    other: storeOf(two.state),
    [Symbol.asyncDispose]: async () => {
      await one[Symbol.asyncDispose]()
      await two[Symbol.asyncDispose]()
    },
  }
}

const setBack = async (table: StateTable, column: string, seconds: number): Promise<void> => {
  await query(`UPDATE lockstep.${table} SET ${column} = ${column} - interval '${seconds} s'`)
}

checkpointStoreContract('postgres', async () => {
  const { store, other, ...rest } = await both(['checkpoints', 'fences'], (state) => state)
  return { store: store.checkpoints, other: other.checkpoints, leases: store.leases, ...rest }
})

leaseStoreContract('postgres', async () => ({
  ...(await both(['leases', 'fences'], ({ leases }) => leases)),
  age: (seconds) => setBack('leases', 'expires_at', seconds),
}))

conflictStoreContract('postgres', () => both(['conflicts'], ({ conflicts }) => conflicts))

checkStoreContract('postgres', async () => ({
  ...(await both(['check_runs', 'check_findings'], ({ checks }) => checks)),
  age: (seconds) => setBack('check_runs', 'heartbeat_at', seconds),
}))

feedRunStoreContract('postgres', () => both(['feed_runs'], ({ feeds }) => feeds))

eventLogContract('postgres', () => both(['event_log'], ({ events }) => events))

describe('preparing the state tables', () => {
  it('is done once when ten instances start at the same time', async () => {
    const stateSchema = 'te"n '
    const handles = Array.from({ length: 10 }, () => postgres(database.url, { stateSchema }))
    await Promise.all(handles.map((handle) => handle.state.prepare(signal)))
    await Promise.all(handles.map((handle) => handle[Symbol.asyncDispose]()))
    expect(await query('SELECT version FROM "te""n ".version')).toEqual([{ version: 6 }])
  })

  it('can be repeated and keeps what is there', async () => {
    await using handle = postgres(database.url)
    await handle.state.prepare(signal)
    await handle.state.checkpoints.save({ flow: 'repeated', lane: 'lane', position: '1', expected: undefined })
    await handle.state.prepare(signal)
    expect(await handle.state.checkpoints.load('repeated')).toEqual(new Map([['lane', '1']]))
  })

  it('refuses tables of another version', async () => {
    await using handle = postgres(database.url, { stateSchema: 'newer' })
    await handle.state.prepare(signal)
    await query('UPDATE newer.version SET version = 99')
    await expect(handle.state.prepare(signal)).rejects.toMatchObject({ code: 'state-version', name: 'ConfigError' })
  })
})

describe('a role with few rights', () => {
  const role = `few_${randomBytes(4).toString('hex')}`
  beforeAll(async () => void (await query(`CREATE ROLE ${role} LOGIN`)))
  afterAll(async () => void (await query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)))
  const asRole = (stateSchema: string) => postgres(database.urlOf({ user: role }), { stateSchema })

  it('that may not create the tables is told the SQL, which works', async () => {
    await using handle = asRole('byhand')
    const error: unknown = await handle.state.prepare(signal).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(ConfigError)
    expect(error).toMatchObject({ code: 'state-missing', fix: expect.stringContaining('GRANT CREATE ON DATABASE') })
    const fix = error instanceof ConfigError ? error.fix : ''
    await query(fix.slice(fix.indexOf('\n')).replaceAll('<role>', role))
    await handle.state.prepare(signal)
    await handle.state.checkpoints.save({ flow: 'flow', lane: 'lane', position: '1', expected: undefined })
  })

  it('that may not use the existing tables is told the GRANT', async () => {
    await using owner = postgres(database.url, { stateSchema: 'closed' })
    await owner.state.prepare(signal)
    await using handle = asRole('closed')
    const failed = handle.state.prepare(signal)
    await expect(failed).rejects.toMatchObject({
      code: 'permission-denied',
      fix: expect.stringContaining('GRANT USAGE ON SCHEMA "closed"'),
    })
  })
})

describe('a checkpoint in the data transaction', () => {
  it('commits and rolls back with it', async () => {
    await using handle = postgres(database.url)
    await handle.state.prepare(signal)
    const { state } = handle
    const move = { flow: 'with-data', lane: 'a', position: '1', expected: undefined }
    const broken = handle.session.transaction(async (transaction) => {
      await state.saveCheckpoint(transaction, move)
      await transaction.execute(sql`select 1 / 0`)
    })
    await expect(broken).rejects.toMatchObject({ name: 'DataError' })
    expect(await state.checkpoints.load('with-data')).toEqual(new Map())
    await handle.session.transaction((transaction) => state.saveCheckpoint(transaction, move))
    expect(await state.checkpoints.load('with-data')).toEqual(new Map([['a', '1']]))
    const zombie = handle.session.transaction((transaction) => state.saveCheckpoint(transaction, move))
    await expect(zombie).rejects.toBeInstanceOf(ConflictError)
  })

  it('only one of ten who move it at the same time succeeds', async () => {
    await using handle = postgres(database.url)
    await handle.state.prepare(signal)
    const save = (_: unknown, index: number) =>
      handle.state.checkpoints.save({ flow: 'race', lane: 'lane', position: String(index), expected: undefined })
    const ends = await Promise.allSettled(Array.from({ length: 10 }, save))
    expect(ends.filter((end) => end.status === 'fulfilled')).toHaveLength(1)
  })
})

const letter: DeadLetter = {
  flow: 'letters',
  lane: 'lane',
  stage: 'write',
  code: 'check-violation',
  reason: 'no',
  payload: '{"a":1}',
  encoding: 'text',
  headers: {},
  origin: undefined,
  held: false,
  itemKey: '["1"]',
  position: undefined,
  attempts: 1,
}

describe('dead letters', () => {
  it('replace those of the same item, also within one call', async () => {
    await using handle = postgres(database.url)
    await handle.state.prepare(signal)
    const { deadLetters } = handle.state
    await deadLetters.store([letter, { ...letter, itemKey: '["2"]' }, { ...letter, attempts: 2 }])
    await deadLetters.store([{ ...letter, attempts: 3, position: 'here' }])
    expect(await deadLetters.count('letters')).toBe(2)
    expect(await deadLetters.count('others')).toBe(0)
    const rows = await query(`SELECT item_key, attempts, position FROM lockstep.dead_letters ORDER BY item_key`)
    expect(rows).toEqual([
      { item_key: '["1"]', attempts: 6, position: 'here' },
      { item_key: '["2"]', attempts: 1, position: null },
    ])
  })

  it('can be stored whatever is in them', async () => {
    await using handle = postgres(database.url)
    await handle.state.prepare(signal)
    const odd = ['a\0b', `'"\\{},NULL`, '', 'x'.repeat(1_000_000), '☃\u{1f600}', '\ud800']
    await handle.state.deadLetters.store(
      odd.map((text) => ({ ...letter, flow: 'odd', payload: text, reason: text, itemKey: text })),
    )
    expect(await handle.state.deadLetters.count('odd')).toBe(odd.length)
    const [row] = await query(`SELECT payload FROM lockstep.dead_letters WHERE flow = 'odd' AND item_key LIKE '''%'`)
    expect(row).toEqual({ payload: `'"\\{},NULL` })
  })
})

const conflict: Conflict = {
  flow: 'conflicts',
  table: 'public.t',
  key: ['1'],
  incoming: ['1', 'NULL'],
  existing: ['1', null],
  decision: 'kept-both',
}

describe('conflicts', () => {
  it('that are the same are counted, others are kept apart', async () => {
    await using handle = postgres(database.url)
    await handle.state.prepare(signal)
    const { conflicts } = handle.state
    await conflicts.record([conflict, conflict, { ...conflict, incoming: ['1', '{"quoted",\\}'] }])
    await conflicts.record([conflict])
    await handle.session.transaction((transaction) => handle.state.recordConflicts(transaction, [conflict]))
    expect(await conflicts.count('conflicts')).toBe(2)
    const rows = await query(`SELECT key, incoming, existing, times::int FROM lockstep.conflicts
        WHERE flow = 'conflicts' ORDER BY times DESC`)
    expect(rows).toEqual([
      { key: ['1'], incoming: ['1', 'NULL'], existing: ['1', null], times: 4 },
      { key: ['1'], incoming: ['1', '{"quoted",\\}'], existing: ['1', null], times: 1 },
    ])
  })

  it('are not recorded when their transaction is undone', async () => {
    await using handle = postgres(database.url)
    await handle.state.prepare(signal)
    const undone = handle.session.transaction(async (transaction) => {
      await handle.state.recordConflicts(transaction, [{ ...conflict, flow: 'undone' }])
      throw new RangeError('undo')
    })
    await expect(undone).rejects.toBeInstanceOf(RangeError)
    expect(await handle.state.conflicts.count('undone')).toBe(0)
  })
})

const run: RunRecord = {
  flow: 'runs',
  kind: 'sync',
  run: 'first',
  state: 'running',
  startedAt: '2026-01-01T00:00:00.000Z',
  heartbeatAt: '2026-01-01T00:00:05.000Z',
  items: 9_007_199_254_740_991,
  lagMs: undefined,
  retries: 0,
  deadLetters: 0,
  conflicts: 0,
  lastError: undefined,
  lastVerdict: undefined,
}

describe('runs', () => {
  it('the newest of each flow comes back as it was saved', async () => {
    await using handle = postgres(database.url)
    await handle.state.prepare(signal)
    const { runs } = handle.state
    const newer = { ...run, run: 'second', startedAt: new Date().toISOString(), heartbeatAt: new Date().toISOString() }
    const verdict = { verdict: 'same', detail: 'all\0 good', at: '2026-01-01T00:00:00.000Z' }
    const other = { ...run, flow: 'runs-2', lagMs: 12.5, lastError: 'x', lastVerdict: { ...verdict, detail: 'fine' } }
    await runs.save(run)
    await runs.save(newer)
    await runs.save({ ...newer, state: 'draining' })
    await runs.save(other)
    expect(await runs.latest('runs')).toEqual([{ ...newer, state: 'draining' }])
    expect((await runs.list('runs', 1)).map(({ run: id }) => id)).toEqual([newer.run])
    expect(await runs.latest()).toEqual([{ ...newer, state: 'draining' }, other])
    expect(await runs.latest('never')).toEqual([])
    await runs.save({ ...newer, lastVerdict: verdict })
    expect((await runs.latest('runs'))[0]?.lastVerdict?.detail).toBe('all\u2400 good')
  })

  it('of long ago are forgotten', async () => {
    await using handle = postgres(database.url)
    await handle.state.prepare(signal)
    const old = { ...run, flow: 'aged', startedAt: '2020-01-01T00:00:00Z', heartbeatAt: '2020-01-02T00:00:00Z' }
    await handle.state.runs.save(old)
    await handle.state.runs.save({ ...old, run: 'now', heartbeatAt: new Date().toISOString() })
    expect(await query(`SELECT run FROM lockstep.runs WHERE flow = 'aged'`)).toEqual([{ run: 'now' }])
  })
})
