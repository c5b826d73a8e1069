import { sql } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { type PostgresOptions, postgres } from '../../../src/adapters/postgres/index.js'
import { ConfigError, DataError, LockstepError, UnavailableError } from '../../../src/core/errors.js'
import { plainClient, testDatabase } from '../../support/postgres.js'

const database = testDatabase()

beforeAll(async () => {
  await using client = await plainClient(database.url)
  await client.query(`
    CREATE TABLE parent (id int PRIMARY KEY, name text NOT NULL CHECK (name <> 'bad'));
    CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
    CREATE TABLE span (s int4range, EXCLUDE USING gist (s WITH &&));
    CREATE TABLE wide (v text PRIMARY KEY);
    CREATE VIEW small AS SELECT * FROM parent WHERE id < 10 WITH CHECK OPTION;
    INSERT INTO parent VALUES (1, 'one'); INSERT INTO span VALUES ('[1,5)');
    DROP ROLE IF EXISTS nobody_special; CREATE ROLE nobody_special LOGIN;
    DROP ROLE IF EXISTS no_room; CREATE ROLE no_room LOGIN CONNECTION LIMIT 0;
  `)
})

const failure = async (text: string, url = database.url, options: PostgresOptions = {}): Promise<unknown> => {
  await using handle = postgres(url, options)
  return await handle.session.execute(sql.raw(text)).then(
    () => 'no error',
    (error: unknown) => error,
  )
}

describe('what the server refuses', () => {
  it.each([
    ['invalid-text-form', `SELECT 'x'::int`],
    ['number-out-of-range', `SELECT 1000000::int2`],
    ['invalid-datetime', `SELECT 'x'::date`],
    ['datetime-out-of-range', `SELECT '2024-02-31'::date`],
    ['value-too-long', `CREATE TEMP TABLE short (v varchar(1)); INSERT INTO short VALUES ('xx')`],
    ['untranslatable-character', `SELECT '"\\u0000"'::jsonb`],
    ['invalid-value', `SELECT 1 / 0`],
    ['cardinality-violation', `INSERT INTO parent VALUES (5,'a'),(5,'b') ON CONFLICT (id) DO UPDATE SET name='c'`],
    ['not-null-violation', `INSERT INTO parent VALUES (2, NULL)`],
    ['unique-violation', `INSERT INTO parent VALUES (1, 'again')`],
    ['check-violation', `INSERT INTO parent VALUES (2, 'bad')`],
    ['foreign-key-violation', `INSERT INTO child VALUES (1, 99)`],
    ['exclusion-violation', `INSERT INTO span VALUES ('[2,3)')`],
    ['view-check-violation', `INSERT INTO small VALUES (11, 'x')`],
    ['limit-exceeded', `INSERT INTO wide SELECT string_agg(md5(g::text), '') FROM generate_series(1, 999) g`],
    ['refused-by-trigger', `DO $$ BEGIN RAISE EXCEPTION 'no'; END $$`],
  ])('%s is about data', async (code, text) => {
    const error = await failure(text)
    expect(error).toBeInstanceOf(DataError)
    expect(error).toMatchObject({ code, cause: expect.any(Error) })
  })

  it('invalid-text-encoding is about data', async () => {
    await using handle = postgres(database.url)
    const failed = handle.session.execute(sql`select ${'a\0b'}::text`)
    await expect(failed).rejects.toMatchObject({ code: 'invalid-text-encoding', name: 'DataError' })
  })

  it.each([
    ['table-missing', 'SELECT * FROM nowhere'],
    ['column-missing', 'SELECT nothing FROM parent'],
    ['function-missing', 'SELECT no_such_function()'],
    ['column-type-mismatch', `INSERT INTO parent (id) SELECT now()`],
    ['unique-index-missing', `INSERT INTO parent VALUES (3, 'x') ON CONFLICT (name) DO NOTHING`],
    ['schema-missing', 'CREATE TABLE nowhere.x (id int)'],
    ['feature-not-supported', 'SELECT count(*) FROM parent FOR UPDATE'],
    ['schema-mismatch', 'CREATE TABLE parent (id int)'],
  ])('%s is about the config or the schema', async (code, text) => {
    const error = await failure(text)
    expect(error).toBeInstanceOf(ConfigError)
    expect(error).toMatchObject({ code, fix: expect.stringMatching(/\w/) })
  })

  it('a missing right names the GRANT', async () => {
    const error = await failure('SELECT * FROM parent', database.urlOf({ user: 'nobody_special' }))
    expect(error).toMatchObject({
      code: 'permission-denied',
      fix: expect.stringContaining('GRANT SELECT, INSERT ON TABLE parent TO'),
    })
  })

  it('a missing database is about the config', async () => {
    expect(await failure('SELECT 1', database.urlOf({ database: 'nowhere' }))).toMatchObject({
      code: 'database-missing',
    })
  })

  it.each([
    ['login-refused', 'SELECT 1', 'no_such_role'],
    ['too-many-connections', 'SELECT 1', 'no_room'],
    ['read-only', `SET transaction_read_only = on; INSERT INTO parent VALUES (7, 'x')`, undefined],
    ['statement-timeout', `SET statement_timeout = 20; SELECT pg_sleep(5)`, undefined],
    ['server-shutdown', 'SELECT pg_terminate_backend(pg_backend_pid())', undefined],
    [
      'server-out-of-resources',
      `SET temp_file_limit = 0; SET work_mem = '64kB'; SELECT g FROM generate_series(1, 99999) g ORDER BY -g`,
      undefined,
    ],
  ])('%s waits', async (code, text, user) => {
    const error = await failure(text, user === undefined ? database.url : database.urlOf({ user }))
    expect(error).toBeInstanceOf(UnavailableError)
    expect(error).toMatchObject({ code })
  })

  it('a syntax error is a bug', async () => {
    const error = await failure('SELEC 1')
    expect(error).toBeInstanceOf(Error)
    expect(error).not.toBeInstanceOf(LockstepError)
  })
})

describe('what transactions do to each other', () => {
  it('deadlock waits', async () => {
    await using handle = postgres(database.url)
    await handle.session.execute(sql`insert into parent values (21, 'x'), (22, 'x')`)
    let arrived = 0
    const meet = async (): Promise<void> => {
      arrived += 1
      await expect.poll(() => arrived, { interval: 2 }).toBe(2)
    }
    const swap = (first: number, second: number) =>
      handle.session.transaction(async (transaction) => {
        await transaction.execute(sql`update parent set name = 'y' where id = ${first}`)
        await meet()
        await transaction.execute(sql`update parent set name = 'y' where id = ${second}`)
      })
    const ends = await Promise.allSettled([swap(21, 22), swap(22, 21)])
    const errors = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []))
    expect(errors).toEqual([expect.objectContaining({ code: 'deadlock', name: 'UnavailableError' })])
  })

  it('serialization failure and lock timeout wait', async () => {
    await using handle = postgres(database.url, { lockMs: 50 })
    const outer = handle.session.transaction(
      async (transaction) => {
        await transaction.execute(sql`select 1 from parent`)
        await handle.session.execute(sql`update parent set name = 'newer' where id = 1`)
        await transaction.execute(sql`update parent set name = 'older' where id = 1`)
      },
      { isolation: 'repeatable read' },
    )
    await expect(outer).rejects.toMatchObject({ code: 'serialization-failure', name: 'UnavailableError' })
    const blocked = handle.session.transaction(async (transaction) => {
      await transaction.execute(sql`lock table parent`)
      await handle.session.execute(sql`select * from parent`)
    })
    await expect(blocked).rejects.toMatchObject({ code: 'lock-timeout', name: 'UnavailableError' })
  })
})
