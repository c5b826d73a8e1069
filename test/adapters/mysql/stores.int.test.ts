import { createHash } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { mysql } from '../../../src/adapters/mysql/database.js'
import { ConfigError } from '../../../src/core/errors.js'
import { checkStoreContract } from '../../contracts/check-store.js'
import { checkpointStoreContract } from '../../contracts/checkpoint-store.js'
import { conflictStoreContract } from '../../contracts/conflict-store.js'
import { deadLetterStoreContract } from '../../contracts/dead-letter-store.js'
import { eventLogContract } from '../../contracts/event-log-store.js'
import { feedRunStoreContract } from '../../contracts/feed-run-store.js'
import { leaseStoreContract } from '../../contracts/lease-store.js'
import { mariadbQuery, testMariadb } from '../../support/mariadb.js'

const { url, name } = testMariadb()
const signal = new AbortController().signal

const TABLES = [
  'checkpoints',
  'dead_letters',
  'conflicts',
  'runs',
  'check_runs',
  'check_findings',
  'feed_runs',
  'event_log',
  'leases',
  'fences',
]
const STATE = [...TABLES, 'version'].map((table) => `lockstep_${table}`)

const SUBJECT = { kind: 'tables', left: { label: 'a' }, right: { label: 'b' } } as const

const HASH = 'char(64) character set ascii collate ascii_bin NOT NULL'

/** Of the tables as version 1 made them, word for word, those that this asks for, with a row. */
const VERSION_ONE = `
  CREATE TABLE lockstep_checkpoints (flow_hash ${HASH}, lane_hash ${HASH}, flow text NOT NULL, lane mediumtext NOT NULL,
    position mediumtext NOT NULL, updated_at datetime(6) NOT NULL, PRIMARY KEY (flow_hash, lane_hash))
    ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
  CREATE TABLE lockstep_runs (flow_hash ${HASH}, run_hash ${HASH}, flow text NOT NULL, run text NOT NULL,
    started_at datetime(6) NOT NULL, heartbeat_at datetime(6) NOT NULL, record longtext NOT NULL,
    PRIMARY KEY (flow_hash, run_hash)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
  CREATE TABLE lockstep_version (only_row tinyint NOT NULL PRIMARY KEY, version int NOT NULL)
    ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
  INSERT INTO lockstep_version VALUES (1, 1);
  INSERT INTO lockstep_checkpoints VALUES ('${createHash('sha256').update('["mirror"]').digest('hex')}', 'x', 'mirror',
    '>', 'here', '2026-01-01')`

beforeEach(async () => {
  await mariadbQuery(url, `DROP TABLE IF EXISTS ${STATE.join(', ')}`)
})

async function twoInstances() {
  const [one, other] = [mysql(url), mysql(url)]
  await Promise.all([one.state.prepare(signal), other.state.prepare(signal)])
  return {
    one,
    other,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([one[Symbol.asyncDispose](), other[Symbol.asyncDispose]()])
    },
  }
}

checkpointStoreContract('mysql', async () => {
  const { one, other, ...disposable } = await twoInstances()
  return { store: one.state.checkpoints, other: other.state.checkpoints, leases: one.state.leases, ...disposable }
})

leaseStoreContract('mysql', async () => {
  const { one, other, ...disposable } = await twoInstances()
  const age = async (seconds: number): Promise<void> => {
    await mariadbQuery(url, `UPDATE lockstep_leases SET expires_at = expires_at - interval ${seconds} second`)
  }
  return { store: one.state.leases, other: other.state.leases, age, ...disposable }
})

deadLetterStoreContract('mysql', async () => {
  const { one, other, ...disposable } = await twoInstances()
  return { store: one.state.deadLetters, other: other.state.deadLetters, ...disposable }
})

conflictStoreContract('mysql', async () => {
  const { one, other, ...disposable } = await twoInstances()
  return { store: one.state.conflicts, other: other.state.conflicts, ...disposable }
})

eventLogContract('mysql', async () => {
  const { one, other, ...disposable } = await twoInstances()
  return { store: one.state.events, other: other.state.events, ...disposable }
})

feedRunStoreContract('mysql', async () => {
  const { one, other, ...disposable } = await twoInstances()
  return { store: one.state.feeds, other: other.state.feeds, ...disposable }
})

checkStoreContract('mysql', async () => {
  const { one, other, ...disposable } = await twoInstances()
  const age = async (seconds: number): Promise<void> => {
    await mariadbQuery(url, `UPDATE lockstep_check_runs SET heartbeat_at = heartbeat_at - interval ${seconds} second`)
  }
  return { store: one.state.checks, other: other.state.checks, age, ...disposable }
})

describe('the state tables', () => {
  it('are created by several instances at once, and found by the next', async () => {
    const databases = Array.from({ length: 4 }, () => mysql(url))
    await Promise.all(databases.map((database) => database.state.prepare(signal)))
    await Promise.all(databases.map((database) => database.state.prepare(signal)))
    await Promise.all(databases.map((database) => database[Symbol.asyncDispose]()))
    const tables = await mariadbQuery(url, `SHOW TABLES`)
    expect(tables.flatMap((row) => Object.values(row)).sort()).toEqual([...STATE].sort())
  })

  it('of version 1 are brought up to date once when several instances start, with all that is in them', async () => {
    await mariadbQuery(url, VERSION_ONE)
    const databases = Array.from({ length: 4 }, () => mysql(url))
    const [first] = databases
    expect(await first?.state.checks.list()).toEqual([])
    expect(await first?.table('lockstep_runs').diagnose('upsert', signal)).toContainEqual(
      expect.objectContaining({ level: 'warn', message: expect.stringContaining('of an older release') }),
    )
    await Promise.all(databases.map((database) => database.state.prepare(signal)))
    expect(await mariadbQuery(url, 'SELECT version FROM lockstep_version')).toEqual([{ version: '5' }])
    expect(await first?.state.checkpoints.load('mirror')).toEqual(new Map([['>', 'here']]))
    expect(await first?.state.checks.list()).toEqual([])
    expect(await first?.state.events.list()).toEqual([])
    expect(await first?.state.feeds.list({ flow: 'mirror' })).toEqual([])
    await Promise.all(databases.map((database) => database[Symbol.asyncDispose]()))
  })

  it('of version 1 and a user who may not create are told with the statements, which work', async () => {
    await mariadbQuery(url, VERSION_ONE)
    const user = `few_${name.slice(-8)}`
    await mariadbQuery(
      url,
      `DROP USER IF EXISTS ${user}; CREATE USER ${user}; GRANT SELECT ON lockstep_version TO ${user}`,
    )
    const few = new URL(url)
    few.username = user
    few.password = ''
    await using database = mysql(few.href)
    const error: unknown = await database.state.prepare(signal).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'state-missing' })
    const fix = error instanceof ConfigError ? error.fix : ''
    await mariadbQuery(url, fix.slice(fix.indexOf('\n')).replaceAll('<user>', user))
    await database.state.prepare(signal)
    await database.state.checks.begin({ id: 'one', flow: 'f', subject: SUBJECT, startedAt: '2026-01-01T00:00:00Z' }, 1)
    expect(await database.state.checks.list()).toMatchObject([{ id: 'one', state: 'running' }])
    await mariadbQuery(url, `DROP USER ${user}`)
  })

  it('of another release are refused', async () => {
    await using database = mysql(url)
    await database.state.prepare(signal)
    await mariadbQuery(url, 'UPDATE lockstep_version SET version = 99')
    await expect(database.state.prepare(signal)).rejects.toMatchObject({ code: 'state-version' })
  })

  it('keep the checkpoint of a lane whose name is long, odd, or differs in a space or in case', async () => {
    await using database = mysql(url)
    await database.state.prepare(signal)
    const lanes = ['a', 'A', 'a ', 'ä', `${'x'.repeat(5_000)}1`, `${'x'.repeat(5_000)}2`]
    for (const lane of lanes)
      await database.state.checkpoints.save({ flow: 'flow', lane, position: `${lane} `, expected: undefined })
    await expect(
      database.state.checkpoints.save({ flow: 'flow', lane: 'a', position: '2', expected: 'a' }),
    ).rejects.toMatchObject({
      code: 'checkpoint-moved',
    })
    expect(await database.state.checkpoints.load('flow')).toEqual(new Map(lanes.map((lane) => [lane, `${lane} `])))
  })

  it('count a conflict that comes again once', async () => {
    await using database = mysql(url)
    await database.state.prepare(signal)
    const { conflicts } = database.state
    const conflict = { flow: 'f', table: 't', key: ['1'], incoming: ['1', 'a'], existing: ['1', null] } as const
    await conflicts.record([{ ...conflict, decision: 'kept-both' }])
    await conflicts.record([
      { ...conflict, decision: 'kept-both' },
      { ...conflict, key: ['2'], decision: 'took-incoming' },
    ])
    expect(await conflicts.count('f')).toBe(2)
    const times = await mariadbQuery(url, 'SELECT times FROM lockstep_conflicts ORDER BY times')
    expect(times.map((row) => row['times'])).toEqual(['1', '2'])
  })

  it('keep the newest record of each run', async () => {
    await using database = mysql(url)
    await database.state.prepare(signal)
    const { runs } = database.state
    const record = {
      flow: 'f',
      kind: 'ingest',
      run: 'r1',
      state: 'running',
      startedAt: '2026-01-01T00:00:00.000Z',
      heartbeatAt: '2026-01-01T00:00:01.000Z',
      items: 5,
      lagMs: undefined,
      retries: 0,
      deadLetters: 0,
      conflicts: 0,
      lastError: undefined,
      lastVerdict: undefined,
    } as const
    await runs.save(record)
    await runs.save({ ...record, items: 7, heartbeatAt: '2026-01-01T00:00:02.000Z' })
    await runs.save({
      ...record,
      run: 'r2',
      startedAt: '2026-01-02T00:00:00.000Z',
      heartbeatAt: '2026-01-02T00:00:00.000Z',
    })
    await runs.save({ ...record, flow: 'g' })
    expect(await runs.latest('f')).toMatchObject([{ run: 'r2', items: 5 }])
    expect(await runs.list('f', 1)).toMatchObject([{ run: 'r2', items: 5 }])
    expect((await runs.latest()).map(({ flow, run }) => [flow, run])).toEqual([
      ['f', 'r2'],
      ['g', 'r1'],
    ])
    expect(name).toMatch(/^test_/)
  })
})
