import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { postgres } from '../../../src/adapters/postgres/index.js'
import { PostgresTable } from '../../../src/adapters/postgres/table.js'
import type { TableOptions, TableUse } from '../../../src/core/database.js'
import type { RunRecord } from '../../../src/core/state.js'
import { type Row, WHOLE_TABLE } from '../../../src/core/table.js'
import { plainClient, type TestDatabase, testDatabase } from '../../support/postgres.js'

/** A role with a name that must be quoted, and nothing else: not even what everybody has by default. */
const ROLE = `Sync "App" ${randomUUID().slice(0, 8)}`
const QUOTED = `"${ROLE.replaceAll('"', '""')}"`
const NAME = '"App"."Records"'
const SETUP = `
  create schema "App";
  create schema "Types";
  create type "Types".mood as enum ('sad', 'ok');
  create table "App"."Records" (id uuid primary key, value text, mood "Types".mood, version bigint);
  revoke all on schema public from public`

const signal = AbortSignal.timeout(240_000)

function bare(): TestDatabase {
  const database = testDatabase('a')
  beforeAll(async () => {
    await using client = await plainClient(database.url)
    await client.query(SETUP)
    await client.query(`revoke all on database ${database.name} from public`)
    await client.query(`do $$ begin create role ${QUOTED} login; exception when duplicate_object then null; end $$`)
  })
  afterAll(async () => {
    await using client = await plainClient(database.url)
    await client.query(`drop owned by ${QUOTED}`)
  })
  return database
}

async function grantsFor(
  database: TestDatabase,
  use: TableUse,
  options: TableOptions = {},
): Promise<readonly string[]> {
  await using handle = postgres(database.url)
  return (await handle.table(NAME, options).grants(use, ROLE, signal)).statements
}

async function asOwner(database: TestDatabase, statements: readonly string[]): Promise<void> {
  await using client = await plainClient(database.url)
  for (const statement of statements) await client.query(statement)
}

/** Every single right of the statements, with its counterpart. */
function singleRights(statements: readonly string[]): { grant: string; revoke: string }[] {
  return statements.flatMap((statement) => {
    const [, rights = '', object = '', role = ''] = /^GRANT (.+) ON (.+) TO (.+);$/.exec(statement) ?? []
    if (rights === '') return []
    return rights.split(', ').map((right) => ({
      grant: `GRANT ${right} ON ${object} TO ${role}`,
      revoke: `REVOKE ${right} ON ${object} FROM ${role}`,
    }))
  })
}

async function openAs(database: TestDatabase, options: TableOptions) {
  const handle = postgres(database.urlOf({ user: ROLE }))
  try {
    const table = await handle.table(NAME, options).open(signal)
    if (!(table instanceof PostgresTable)) return expect.fail('another table')
    return { handle, table }
  } catch (error) {
    await handle[Symbol.asyncDispose]()
    throw error
  }
}

async function readAll(table: PostgresTable): Promise<number> {
  const digests = await table.digests([WHOLE_TABLE], 0, { signal })
  const rows: Row[] = []
  for await (const page of table.scan([WHOLE_TABLE], signal)) rows.push(...page)
  const found = await table.lookup(
    rows.map((row) => row.slice(0, 1)),
    signal,
  )
  expect(found).toHaveLength(rows.length)
  expect(digests.get(0)?.rows ?? 0n).toBe(BigInt(rows.length))
  return rows.length
}

async function allOfReading(database: TestDatabase, options: TableOptions): Promise<number> {
  const { handle, table } = await openAs(database, options)
  await using _handle = handle
  return await readAll(table)
}

/** All that a sync does with one side: follow, write, meet a conflict, save positions, the state of the run. */
async function allOfMirroring(database: TestDatabase, options: TableOptions): Promise<void> {
  const { handle, table } = await openAs(database, options)
  await using _handle = handle
  const flow = randomUUID()
  await handle.state.prepare(signal)
  await follow(table, flow, database)
  await write(table, { flow, rule: options.version === undefined ? 'keep-both' : 'newest' })
  expect(await handle.state.checkpoints.load(flow)).toEqual(new Map([['>', 'two']]))
  expect(await handle.state.conflicts.count(flow)).toBe(1)
  await handle.state.deadLetters.store([letterOf(flow)])
  await handle.state.runs.save(runOf(flow))
  expect(await handle.state.runs.latest(flow)).toEqual([runOf(flow)])
  expect(await readAll(table)).toBeGreaterThan(1)
}

async function follow(table: PostgresTable, flow: string, database: TestDatabase): Promise<void> {
  await using changes = table.changes({ flow, notice: () => {}, uncertain: () => {} })
  const stop = new AbortController()
  const id = randomUUID()
  // Rows of before may come too, when another test of the same server holds a transaction open.
  const seen = (async () => {
    for await (const batch of changes.read(new Map(), stop.signal)) {
      if ([...batch.items].some((row) => row[0] === id)) return true
      await changes.acknowledge(batch)
    }
    return false
  })()
  try {
    await Promise.race([changes.started(signal), seen])
    await asOwner(database, [`insert into ${NAME} values ('${id}', 'theirs', 'sad', 1)`])
    expect(await seen).toBe(true)
  } finally {
    stop.abort()
    await seen.catch(() => undefined)
  }
}

async function write(
  table: PostgresTable,
  { flow, rule }: { flow: string; rule: 'keep-both' | 'newest' },
): Promise<void> {
  await using writer = table.writer({ flow, rule, conflicts: () => {} })
  const id = randomUUID()
  const context = { flow, attempt: 1, signal }
  const first = [id, 'ours', 'ok', '5']
  await writer.write({ lane: '>', position: 'one', items: [first] }, { ...context, expected: undefined })
  await using other = table.writer({ flow, rule, conflicts: () => {} })
  await other.write({ lane: '>', position: 'two', items: [[id, 'other', 'sad', '5']] }, { ...context, expected: 'one' })
}

function letterOf(flow: string) {
  const rest = { lane: '>', code: 'check-violation', reason: 'refused', itemKey: '[]', held: false }
  const item = { payload: '[]', encoding: 'text', headers: {}, origin: undefined } as const
  return { flow, stage: 'write', position: undefined, attempts: 1, ...rest, ...item } as const
}

function runOf(flow: string): RunRecord {
  const at = '2026-01-01T00:00:00.000Z'
  const counts = { items: 1, retries: 0, deadLetters: 0, conflicts: 0 }
  const nothing = { lagMs: undefined, lastError: undefined, lastVerdict: undefined }
  return { flow, kind: 'sync', run: 'one', state: 'running', startedAt: at, heartbeatAt: at, ...counts, ...nothing }
}

describe.each([
  { use: 'read', options: {}, perform: allOfReading },
  { use: 'mirror', options: {}, perform: allOfMirroring },
  { use: 'mirror', options: { version: 'version' }, perform: allOfMirroring },
] as const)('the grants for $use, options $options', ({ use, options, perform }) => {
  const database = bare()

  it('are enough, may be given twice, and not one of them can be left out', async () => {
    const statements = await grantsFor(database, use, options)
    await expect(perform(database, options)).rejects.toMatchObject({ code: 'permission-denied' })
    await asOwner(database, statements)
    await asOwner(database, statements)
    await perform(database, options)
    const rights = singleRights(statements)
    expect(rights.length).toBeGreaterThanOrEqual(use === 'read' ? 3 : 10)
    for (const { grant, revoke } of rights) {
      await asOwner(database, [revoke])
      await expect(perform(database, options), revoke).rejects.toMatchObject({ code: 'permission-denied' })
      await asOwner(database, [grant])
    }
    await perform(database, options)
  })

  it('leave doctor with nothing to complain about', async () => {
    await using handle = postgres(database.urlOf({ user: ROLE }))
    const found = await handle.table(NAME, options).diagnose(use, signal)
    expect(found.filter(({ level }) => level === 'error')).toEqual([])
  })
})

describe('the text of the grants', () => {
  const database = bare()

  it('reading takes three statements', async () => {
    expect(await grantsFor(database, 'read')).toEqual([
      `GRANT CONNECT ON DATABASE "${database.name}" TO ${QUOTED};`,
      `GRANT USAGE ON SCHEMA "App" TO ${QUOTED};`,
      `GRANT SELECT ON TABLE ${NAME} TO ${QUOTED};`,
    ])
  })

  it('a mirror without a version names UPDATE only in a comment, and what cannot be the name of a role is refused', async () => {
    const statements = await grantsFor(database, 'mirror')
    expect(statements.filter((statement) => statement.includes(NAME))).toEqual([
      `GRANT SELECT, INSERT ON TABLE ${NAME} TO ${QUOTED};`,
      `-- only for conflict: left | right: GRANT UPDATE ON TABLE ${NAME} TO ${QUOTED};`,
    ])
    await using handle = postgres(database.url)
    for (const role of ['', 'a\0b', 'x'.repeat(64)]) {
      await expect(handle.table(NAME).grants('read', role, signal)).rejects.toMatchObject({ code: 'option-invalid' })
    }
  })

  it('the UPDATE of the comment is what conflict: left | right takes', async () => {
    await asOwner(database, await grantsFor(database, 'mirror'))
    const overwrite = async (): Promise<void> => {
      const { handle, table } = await openAs(database, {})
      await using _handle = handle
      await handle.state.prepare(signal)
      const flow = randomUUID()
      const id = randomUUID()
      await asOwner(database, [`insert into ${NAME} values ('${id}', 'theirs', 'sad', 1)`])
      await using writer = table.writer({ flow, rule: 'take-incoming', conflicts: () => {} })
      const items = [[id, 'ours', 'ok', '5']]
      await writer.write({ lane: '>', position: 'one', items }, { flow, attempt: 1, signal, expected: undefined })
    }
    await expect(overwrite()).rejects.toMatchObject({ code: 'permission-denied' })
    const comment = (await grantsFor(database, 'mirror')).find((statement) => statement.startsWith('--')) ?? ''
    await asOwner(database, [comment.slice(comment.indexOf('GRANT'))])
    await overwrite()
  })
})

afterAll(async () => {
  // Its rights in this file's databases are gone with them.
  await using client = await plainClient(new URL('postgres', inject('postgres').a).href)
  await client.query(`drop role ${QUOTED}`)
})
