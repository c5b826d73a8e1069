import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgres } from '../../../src/adapters/postgres/index.js'
import { ConfigError } from '../../../src/core/errors.js'
import { plainClient, testDatabase } from '../../support/postgres.js'

const signal = AbortSignal.timeout(240_000)
const database = testDatabase()

const query = async (text: string): Promise<unknown[]> => {
  await using client = await plainClient(database.url)
  return (await client.query(text)).rows
}

/** The item hash that releases with version 1 gave. */
const hash = createHash('sha256').update('["mirror","[\\"1\\"]"]').digest('hex')

/** The tables as version 1 made them, word for word, with a row in each. */
const versionOne = (schema: string): string => `
  CREATE SCHEMA ${schema};
  CREATE TABLE ${schema}.checkpoints (flow text NOT NULL, lane text NOT NULL, position text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (flow, lane));
  CREATE TABLE ${schema}.dead_letters (flow text NOT NULL, item_hash text NOT NULL, item_key text NOT NULL,
    lane text NOT NULL, stage text NOT NULL, code text NOT NULL, reason text NOT NULL, payload text NOT NULL,
    position text, attempts integer NOT NULL, stored_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (flow, item_hash));
  CREATE TABLE ${schema}.conflicts (flow text NOT NULL, hash text NOT NULL, table_name text NOT NULL, key jsonb NOT NULL,
    incoming jsonb NOT NULL, existing jsonb NOT NULL, decision text NOT NULL, times bigint NOT NULL DEFAULT 1,
    first_at timestamptz NOT NULL DEFAULT now(), last_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (flow, hash));
  CREATE TABLE ${schema}.runs (flow text NOT NULL, run text NOT NULL, started_at timestamptz NOT NULL,
    heartbeat_at timestamptz NOT NULL, record jsonb NOT NULL, PRIMARY KEY (flow, run));
  CREATE TABLE ${schema}.version (only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), version integer NOT NULL);
  INSERT INTO ${schema}.version (version) VALUES (1);
  INSERT INTO ${schema}.checkpoints VALUES ('mirror', '>', 'here');
  INSERT INTO ${schema}.dead_letters VALUES ('mirror', '${hash}', '["1"]', '>', 'write', 'check-violation',
    'refused', '["1","x"]', NULL, 3, '2026-01-02 03:04:05.678901+00');
  INSERT INTO ${schema}.conflicts VALUES ('mirror', 'h', 't', '["1"]', '["1"]', '["1"]', 'kept-both');
  INSERT INTO ${schema}.runs VALUES ('mirror', 'one', now(), now(), '{"flow":"mirror","kind":"sync","run":"one",
    "state":"stopped","startedAt":"a","heartbeatAt":"b","items":1,"retries":0,"deadLetters":1,"conflicts":1}')`

const letter = {
  flow: 'mirror',
  id: hash.slice(0, 16),
  itemKey: '["1"]',
  lane: '>',
  stage: 'write',
  code: 'check-violation',
  reason: 'refused',
  payload: '["1","x"]',
  encoding: 'text',
  headers: {},
  origin: undefined,
  position: undefined,
  attempts: 3,
  state: 'dead',
  held: false,
  firstAt: '2026-01-02T03:04:05.678901Z',
  lastAt: '2026-01-02T03:04:05.678901Z',
} as const

describe('state tables of version 1', () => {
  it('are brought up to date once when ten instances start at the same time, with all that is in them', async () => {
    await query(versionOne('old'))
    const handles = Array.from({ length: 10 }, () => postgres(database.url, { stateSchema: 'old' }))
    await Promise.all(handles.map((handle) => handle.state.prepare(signal)))
    await Promise.all(handles.map((handle) => handle[Symbol.asyncDispose]()))
    expect(await query('SELECT version FROM old.version')).toEqual([{ version: 6 }])

    await using handle = postgres(database.url, { stateSchema: 'old' })
    const { checkpoints, conflicts, deadLetters, runs } = handle.state
    expect(await checkpoints.load('mirror')).toEqual(new Map([['>', 'here']]))
    expect(await conflicts.count('mirror')).toBe(1)
    expect(await runs.latest()).toMatchObject([{ flow: 'mirror', run: 'one', items: 1 }])
    expect(await deadLetters.list('mirror')).toEqual([letter])
    const { id: _, state: _s, firstAt, lastAt: _l, ...item } = letter
    await deadLetters.store([{ ...item, attempts: 1 }])
    expect(await deadLetters.list('mirror')).toMatchObject([{ id: letter.id, attempts: 4, firstAt }])
  })

  it('have the columns and indexes that new ones have', async () => {
    await query(versionOne('upgraded'))
    for (const stateSchema of ['upgraded', 'fresh']) {
      await using handle = postgres(database.url, { stateSchema })
      await handle.state.prepare(signal)
    }
    const shape = async (schema: string): Promise<unknown> => [
      await query(`SELECT table_name, column_name, data_type, is_nullable, column_default, generation_expression,
        collation_name FROM information_schema.columns WHERE table_schema = '${schema}' ORDER BY 1, 2`),
      await query(
        `SELECT replace(indexdef, '${schema}.', '') FROM pg_indexes WHERE schemaname = '${schema}' ORDER BY 1`,
      ),
    ]
    expect(await shape('upgraded')).toEqual(await shape('fresh'))
  })

  it('stay as they are when they cannot be brought up to date wholly', async () => {
    await query(versionOne('half'))
    // Whoever made this was not lockstep; that the upgrade fails late is what matters.
    await query('CREATE TABLE half.dead_letters_by_id (x int)')
    await using handle = postgres(database.url, { stateSchema: 'half' })
    await expect(handle.state.prepare(signal)).rejects.toThrow()
    expect(await query('SELECT version FROM half.version')).toEqual([{ version: 1 }])
    expect(await query('SELECT stored_at IS NOT NULL AS there FROM half.dead_letters')).toEqual([{ there: true }])
  })

  it('are said to be old by whoever only looks', async () => {
    await query(versionOne('looked_at'))
    await using handle = postgres(database.url, { stateSchema: 'looked_at' })
    const { deadLetters } = handle.state
    const old = { name: 'ConfigError', code: 'state-unprepared' }
    await expect(deadLetters.count('mirror')).rejects.toMatchObject(old)
    await expect(deadLetters.list('mirror')).rejects.toMatchObject(old)
    expect(await query('SELECT version FROM looked_at.version')).toEqual([{ version: 1 }])
  })
})

describe('state tables of version 2', () => {
  /** Version 3 brought tables only. */
  async function versionTwo(stateSchema: string) {
    await using handle = postgres(database.url, { stateSchema })
    await handle.state.prepare(signal)
    await handle.state.checkpoints.save({ flow: 'mirror', lane: '>', position: 'here', expected: undefined })
    await query(`DROP TABLE ${stateSchema}.check_runs, ${stateSchema}.check_findings;
      UPDATE ${stateSchema}.version SET version = 2`)
  }

  it('have no runs of checks for whoever only looks, and tables for them after a start', async () => {
    await versionTwo('second')
    await using handle = postgres(database.url, { stateSchema: 'second' })
    expect(await handle.state.checks.list()).toEqual([])
    expect(await handle.state.checks.findings('none')).toEqual([])
    const found = await handle.table('second.runs').diagnose('upsert', signal)
    expect(found.filter(({ message }) => message.includes('brought up to date'))).toMatchObject([{ level: 'ok' }])
    await handle.state.prepare(signal)
    expect(await query('SELECT version FROM second.version')).toEqual([{ version: 6 }])
    expect(await handle.state.checkpoints.load('mirror')).toEqual(new Map([['>', 'here']]))
    expect(await query('SELECT count(*)::int AS runs FROM second.check_runs')).toEqual([{ runs: 0 }])
  })

  it('are made whole by what a role without rights is told, which may be run again', async () => {
    await versionTwo('second_few')
    const role = `few_${randomBytes(4).toString('hex')}`
    await query(`CREATE ROLE ${role} LOGIN; GRANT USAGE ON SCHEMA second_few TO ${role};
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA second_few TO ${role}`)
    await using few = postgres(database.urlOf({ user: role }), { stateSchema: 'second_few' })
    const error: unknown = await few.state.prepare(signal).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'state-outdated' })
    await using owner = postgres(database.url, { stateSchema: 'second_few' })
    const { statements } = await owner.table('second_few.runs').grants('upsert', role, signal)
    await query(statements.join('\n'))
    await query(statements.join('\n'))
    await few.state.prepare(signal)
    await few.state.checks.begin({ id: 'one', flow: 'f', subject: SUBJECT, startedAt: '2026-01-01T00:00:00Z' }, 1)
    expect(await few.state.checks.list()).toMatchObject([{ id: 'one', state: 'running' }])
    await query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
  })
})

const SUBJECT = { kind: 'tables', left: { label: 'a' }, right: { label: 'b' } } as const

describe('a role that may use them and not alter them', () => {
  const role = `few_${randomBytes(4).toString('hex')}`
  beforeAll(async () => {
    await query(`CREATE ROLE ${role} LOGIN; CREATE TABLE public.records (id int PRIMARY KEY);
      GRANT SELECT, INSERT ON public.records TO ${role}`)
  })
  afterAll(async () => void (await query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)))

  async function asRole(stateSchema: string) {
    await query(`${versionOne(stateSchema)}; GRANT USAGE ON SCHEMA ${stateSchema} TO ${role};
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${stateSchema} TO ${role}`)
    return postgres(database.urlOf({ user: role }), { stateSchema })
  }

  it('is told the SQL, which works', async () => {
    await using handle = await asRole('byowner')
    const error: unknown = await handle.state.prepare(signal).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ name: 'ConfigError', code: 'state-outdated' })
    const fix = error instanceof ConfigError ? error.fix : ''
    await query(fix.slice(fix.indexOf('\n')))
    await handle.state.prepare(signal)
    expect(await handle.state.deadLetters.list('mirror')).toEqual([letter])
  })

  it('finds the same SQL in grants, which may be run again, and in doctor', async () => {
    await using handle = await asRole('bygrants')
    await using owner = postgres(database.url, { stateSchema: 'bygrants' })
    const found = await handle.table('public.records').diagnose('mirror', signal)
    expect(found.filter(({ level, message }) => level === 'error' && message.includes('version 1'))).toHaveLength(1)
    const owned = await owner.table('public.records').diagnose('mirror', signal)
    expect(owned.filter(({ message }) => message.includes('brought up to date'))).toMatchObject([{ level: 'ok' }])
    const { statements } = await owner.table('public.records').grants('mirror', role, signal)
    await query(statements.join('\n'))
    await handle.state.prepare(signal)
    expect(await handle.state.deadLetters.list('mirror')).toEqual([letter])
    const after = await owner.table('public.records').grants('mirror', role, signal)
    await query(after.statements.join('\n'))
    expect(after.statements.join('\n')).not.toContain('ALTER')
  })
})
