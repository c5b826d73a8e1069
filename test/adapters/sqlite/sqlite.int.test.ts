import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { sqlite } from 'lockstep/sqlite'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type { SqliteDatabase } from '../../../src/adapters/sqlite/index.js'
import type { Values } from '../../../src/core/upsert.js'
import { DatabaseFile, signal } from './file.js'

const FLOW = 'test'

async function write(database: SqliteDatabase, table: string, ...rows: readonly Values[]): Promise<void> {
  const sink = await database.upserts([database.table(table)], { flow: FLOW }, signal)
  const items = rows.map((row) => ({ rows: [[row]] }))
  await sink.write({ lane: 'a', position: undefined, items }, { flow: FLOW, attempt: 1, expected: undefined, signal })
}

/** A file with these tables, and what a bare client and the adapter see of it. */
async function open(...ddl: readonly string[]) {
  const file = await DatabaseFile.make()
  const client = file.client()
  for (const statement of ddl) await client.execute(statement)
  const database = sqlite(file.path, { busyMs: 200 })
  return {
    file,
    client,
    database,
    async [Symbol.asyncDispose]() {
      client.close()
      await database[Symbol.asyncDispose]()
      await file[Symbol.asyncDispose]()
    },
  }
}

describe('a SQLite file', () => {
  it('says who it is, and is another one when it was replaced', async () => {
    await using file = await DatabaseFile.make()
    const ask = async () => {
      await using database = sqlite(`file:${file.path}`)
      return await database.identify(signal)
    }
    const first = await ask()
    expect(first).toMatchObject({ version: expect.stringMatching(/^SQLite 3\./), readOnly: false })
    expect(await ask()).toEqual(first)
    await rm(file.path)
    expect((await ask()).id).not.toBe(first.id)
  })

  it('keeps its state through a new process, and refuses that of another release', async () => {
    await using opened = await open()
    const { database, client, file } = opened
    await database.state.prepare(signal)
    await database.state.prepare(signal)
    await database.state.checkpoints.save({ flow: FLOW, lane: 'a', position: '1', expected: undefined })
    await using again = sqlite(file.path)
    await again.state.prepare(signal)
    expect(await again.state.checkpoints.load(FLOW)).toEqual(new Map([['a', '1']]))
    await client.execute('update lockstep_version set version = 99')
    await expect(again.state.prepare(signal)).rejects.toMatchObject({ name: 'ConfigError', code: 'state-version' })
  })

  it('keeps runs and conflicts', async () => {
    await using opened = await open()
    const { state } = opened.database
    await state.prepare(signal)
    const run = {
      flow: FLOW,
      kind: 'ingest',
      run: 'one',
      state: 'running' as const,
      startedAt: new Date().toISOString(),
      heartbeatAt: new Date().toISOString(),
      items: 1,
      lagMs: undefined,
      retries: 0,
      deadLetters: 0,
      conflicts: 0,
      lastError: undefined,
      lastVerdict: undefined,
    }
    await state.runs.save(run)
    await state.runs.save({ ...run, items: 2 })
    await state.runs.save({
      ...run,
      run: 'older',
      startedAt: '2025-01-01T00:00:00Z',
      heartbeatAt: new Date().toISOString(),
    })
    expect(await state.runs.latest()).toEqual([{ ...run, items: 2 }])
    expect(await state.runs.latest('none')).toEqual([])
    expect((await state.runs.list(FLOW, 5)).map(({ run: id }) => id)).toEqual(['one', 'older'])
    const conflict = {
      flow: FLOW,
      table: 't',
      key: ['1'],
      incoming: ['1', null],
      existing: ['1', 'x'],
      decision: 'kept-both' as const,
    }
    await state.conflicts.record([conflict, conflict, { ...conflict, key: ['2'] }])
    expect(await state.conflicts.count(FLOW)).toBe(2)
  })

  it('waits for the lock of another process for a while, and says so then', async () => {
    await using opened = await open('create table t (id integer primary key, a text)')
    const { client, database } = opened
    await write(database, 't', { id: 1, a: 'before' })
    const other = await client.transaction('write')
    await expect(write(database, 't', { id: 1, a: 'mine' })).rejects.toMatchObject({
      name: 'UnavailableError',
      code: 'database-busy',
    })
    const patient = sqlite(opened.file.path)
    const writing = write(patient, 't', { id: 2, a: 'mine' })
    await other.execute(`update t set a = 'other'`)
    await other.commit()
    await writing
    await patient[Symbol.asyncDispose]()
    expect((await client.execute('select id, a from t order by id')).rows).toEqual([
      { id: 1n, a: 'other' },
      { id: 2n, a: 'mine' },
    ])
  })

  it('that is full is an UnavailableError, with nothing stored', async () => {
    await using opened = await open('create table t (id integer primary key, a text)')
    const { client, database } = opened
    const { rows } = await database.session.execute('pragma page_count', [], { what: 'test' })
    const pages = Number(rows[0]?.['page_count'])
    await database.session.execute(`pragma max_page_count = ${pages + 4}`, [], { what: 'test' })
    const big = Array.from({ length: 50 }, (_, id) => ({ id, a: 'x'.repeat(5_000) }))
    await expect(write(database, 't', ...big)).rejects.toMatchObject({ name: 'UnavailableError', code: 'disk-full' })
    expect((await client.execute('select count(*) as n from t')).rows[0]?.['n']).toBe(0n)
    await database.session.execute('pragma max_page_count = 1000000', [], { what: 'test' })
    await write(database, 't', ...big)
    expect((await client.execute('select count(*) as n from t')).rows[0]?.['n']).toBe(50n)
  })

  it('that is no database, or nowhere, is a ConfigError', async () => {
    await using file = await DatabaseFile.make()
    await appendFile(file.path, 'this is a text and no database at all. '.repeat(100))
    await using text = sqlite(file.path)
    await expect(text.identify(signal)).rejects.toMatchObject({ name: 'ConfigError', code: 'file-damaged' })
    await using nowhere = sqlite(`${file.path}-none/a.db`)
    await expect(nowhere.identify(signal)).rejects.toMatchObject({ name: 'ConfigError', code: 'folder-missing' })
    for (const name of ['', 'libsql://host', 'http://host/a.db', 'a\0b', 'file://host/a.db']) {
      expect(() => sqlite(name)).toThrowError(expect.objectContaining({ code: 'url-invalid' }))
    }
    expect(() => sqlite('a.db', { busyMs: -1 })).toThrowError(expect.objectContaining({ code: 'option-invalid' }))
  })

  it('does nothing once it is disposed', async () => {
    const database = sqlite(':memory:')
    await database.identify(signal)
    await database[Symbol.asyncDispose]()
    await expect(database.identify(signal)).rejects.toMatchObject({ name: 'ClosedError' })
  })
})

describe('refused rows', () => {
  it.each([
    ['unique-violation', { id: 2, u: 'taken' }],
    ['not-null-violation', { id: 2, n: null }],
    ['check-violation', { id: 2, c: -1 }],
    ['foreign-key-violation', { id: 2, p: 770_077_077 }],
    ['datatype-mismatch', { id: 'no number' }],
    ['constraint-violation', { id: 13 }],
  ])('are a %s, without their values', async (code, row) => {
    await using opened = await open(
      `create table t (id integer primary key, u text unique, n text not null default 'x', c integer check (c > 0),
        p integer references t (id))`,
      `insert into t (id, u) values (1, 'taken')`,
      `create trigger t13 before insert on t when new.id = 13 begin select raise(abort, 'canary'); end`,
    )
    const error = await write(opened.database, 't', { id: 5 }, row, { id: 6 }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'DataError', code, bad: [1] })
    expect(String(error)).not.toMatch(/canary|taken|770077077/)
    expect((await opened.client.execute('select id from t')).rows).toEqual([{ id: 1n }])
  })
})

describe('a table of a SQLite file', () => {
  const DDL = [
    'create table rowid_alias (id integer primary key, a text)',
    'create table without_rowid (a text, b text, primary key (a, b)) without rowid',
    'create table by_index (a text not null, b text not null, c text)',
    'create unique index by_index_ab on by_index (b, a)',
    `create table partial (id text, a text not null, gone integer)`,
    'create unique index partial_a on partial (a) where gone is null',
    'create unique index partial_lower on partial (lower(a))',
    'create table "odd ""name" ("select" integer primary key, made as ("select" + 1))',
    'create view v as select 1 as id',
    'create virtual table f using fts5(a)',
  ]

  it('is identified by its primary key, else by a unique index over all rows', async () => {
    await using opened = await open(...DDL)
    const { database, client } = opened
    await write(database, 'rowid_alias', { id: 1, a: 'x' }, { id: 1, a: 'y' })
    await write(database, 'WITHOUT_ROWID', { a: 'x', b: 'y' }, { a: 'x', b: 'y' })
    await write(database, 'by_index', { a: 'x', b: 'y', c: '1' }, { a: 'x', b: 'y', c: '2' })
    await write(database, 'odd "name', { select: 1 })
    for (const [table, rows] of [
      ['rowid_alias', [{ id: 1n, a: 'y' }]],
      ['without_rowid', [{ a: 'x', b: 'y' }]],
      ['by_index', [{ a: 'x', b: 'y', c: '2' }]],
      ['"odd ""name"', [{ select: 1n, made: 2n }]],
    ] as const) {
      expect((await client.execute(`select * from ${table}`)).rows).toEqual(rows)
    }
  })

  it('is refused when rows of it cannot be told apart, or it is none', async () => {
    await using opened = await open(...DDL)
    const { database } = opened
    const upserts = (name: string, options = {}) =>
      database.upserts([database.table(name, options)], { flow: FLOW }, signal)
    for (const [name, options, code] of [
      ['partial', {}, 'key-missing'],
      ['partial', { key: ['a'] }, 'key-not-unique'],
      ['by_index', { key: ['a'] }, 'key-not-unique'],
      ['rowid_alias', { version: 'b' }, 'column-missing'],
      ['odd "name', { version: 'made' }, 'column-unusable'],
      ['by_index', { ignore: ['a'] }, 'column-unusable'],
      ['rowid_alia', {}, 'table-missing'],
      ['v', {}, 'table-kind'],
      ['f', {}, 'table-kind'],
    ] as const) {
      await expect(upserts(name, options), `${name} ${JSON.stringify(options)}`).rejects.toMatchObject({
        name: 'ConfigError',
        code,
      })
    }
    const other = sqlite(':memory:')
    await expect(database.upserts([other.table('t')], { flow: FLOW }, signal)).rejects.toMatchObject({
      code: 'table-elsewhere',
    })
    expect(() => database.table('')).toThrowError(expect.objectContaining({ code: 'table-name' }))
  })

  it('must have the columns of its Drizzle table, whose type says what rows are', async () => {
    await using opened = await open('create table t (id integer primary key, last_seen integer)')
    const { database } = opened
    const drizzle = sqliteTable('t', { id: integer().primaryKey(), lastSeen: integer('last_seen'), gone: text() })
    const table = database.table(drizzle, { version: 'lastSeen', key: ['id'] })
    expectTypeOf<NonNullable<typeof table.$insert>>().toEqualTypeOf<typeof drizzle.$inferInsert>()
    await expect(database.upserts([table], { flow: FLOW }, signal)).rejects.toMatchObject({ code: 'drizzle-mismatch' })
    expect(await table.diagnose('upsert', signal)).toMatchObject([{ level: 'error' }])
    const ignoring = database.table(drizzle, { version: 'lastSeen', ignore: ['gone'] })
    expect(await ignoring.diagnose('upsert', signal)).toMatchObject([{ level: 'ok' }])
    expect(await ignoring.grants()).toEqual({ database: database.label, statements: [] })
  })

  it.each([
    ['lost a column', ['alter table t drop column a'], 'column-missing'],
    [
      'got a column that must have a value',
      ['drop table t', 'create table t (id integer primary key, a text, b text not null)'],
      'column-required',
    ],
    ['is gone', ['drop table t'], 'table-missing'],
  ])('that %s while the flow runs stops the flow, and no row is blamed', async (_name, changes, code) => {
    await using opened = await open('create table t (id integer primary key, a text)')
    const { database, client } = opened
    const sink = await database.upserts([database.table('t')], { flow: FLOW }, signal)
    for (const change of changes) await client.execute(change)
    const items = [{ rows: [[{ id: 1, a: 'x' }]] }]
    const context = { flow: FLOW, attempt: 1, expected: undefined, signal }
    const writing = sink.write({ lane: 'a', position: undefined, items }, context)
    await expect(writing).rejects.toMatchObject({ name: 'ConfigError', code })
    await expect(sink.probe(items, context)).rejects.toMatchObject({ name: 'ConfigError', code })
  })

  it('that got a column with a default while the flow runs is written to, and a null is still the fault of its row', async () => {
    await using opened = await open('create table t (id integer primary key, a text not null)')
    const { database, client } = opened
    const sink = await database.upserts([database.table('t')], { flow: FLOW }, signal)
    await client.execute("alter table t add column b text not null default 'none'")
    const context = { flow: FLOW, attempt: 1, expected: undefined, signal }
    const good = { rows: [[{ id: 1, a: 'x' }]] }
    await sink.write({ lane: 'a', position: undefined, items: [good] }, context)
    const bad = { rows: [[{ id: 2, a: null }]] }
    const writing = sink.write({ lane: 'a', position: undefined, items: [good, bad] }, context)
    await expect(writing).rejects.toMatchObject({ name: 'DataError', code: 'not-null-violation', bad: [1] })
    const { rows } = await client.execute('select id, a, b from t')
    expect(rows.map((row) => ({ ...row }))).toMatchObject([{ id: 1n, a: 'x', b: 'none' }])
  })
})

describe('a process killed', () => {
  it.each([
    ['upsert:before-commit', 0n, new Map()],
    ['upsert:after-commit', 100n, new Map([['a', '100']])],
  ])('at %s leaves all of a batch or nothing', async (failpoint, rows, checkpoints) => {
    await using opened = await open('create table t (id integer primary key, a text)')
    const { file, client, database } = opened
    await database.state.prepare(signal)
    const script = fileURLToPath(new URL('killed-writer.ts', import.meta.url))
    const tsx = fileURLToPath(new URL('../../../node_modules/tsx/dist/cli.mjs', import.meta.url))
    const child = spawn(process.execPath, [tsx, script, file.path, failpoint], { stdio: ['ignore', 'pipe', 'inherit'] })
    const printed: string[] = []
    child.stdout.on('data', (chunk) => printed.push(String(chunk)))
    await once(child, 'close')
    expect(printed.join('')).toBe('writing\n')
    expect((await client.execute('select count(*) as n from t')).rows[0]?.['n']).toBe(rows)
    expect(await database.state.checkpoints.load(FLOW)).toEqual(checkpoints)
    await write(database, 't', { id: 1, a: 'goes on' })
  })
})
