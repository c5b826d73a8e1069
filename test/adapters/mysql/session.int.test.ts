import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mysql } from '../../../src/adapters/mysql/database.js'
import type { TableRef } from '../../../src/core/database.js'
import { UnavailableError } from '../../../src/core/errors.js'
import { mariadbQuery, testMariadb } from '../../support/mariadb.js'

const { url, urlOf, name } = testMariadb()
const { signal } = new AbortController()
const USER = `u_${name.slice(5, 15)}`
const PASSWORD = 'canary p@ss/word'

beforeAll(async () => {
  await mariadbQuery(url, `CREATE USER ${USER}@'%' IDENTIFIED BY '${PASSWORD}'`)
})

afterAll(async () => {
  await mariadbQuery(url, `DROP USER ${USER}@'%'`)
})

/** All that an error shows, its causes too. */
function shown(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return `${error.stack} ${JSON.stringify(error, Object.getOwnPropertyNames(error))} ${shown(error.cause)}`
}

async function failureOf(work: () => Promise<unknown>): Promise<Error> {
  const error = await work().then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof Error) return error
  throw new Error('it did not fail')
}

describe('a session', () => {
  it('is strict, in UTC, of whole characters, and reads committed rows', async () => {
    await using database = mysql(url, { lockMs: 1_500, statementMs: 12_000 })
    const rows = await database.session.execute(sql`select @@sql_mode as modes, @@time_zone as zone,
      @@character_set_client as client, @@character_set_connection as connection, @@tx_isolation as isolation,
      @@innodb_lock_wait_timeout as locks, @@max_statement_time as statements, @@autocommit as autocommit`)
    expect(rows).toMatchObject([
      {
        zone: '+00:00',
        client: 'utf8mb4',
        connection: 'utf8mb4',
        isolation: 'READ-COMMITTED',
        locks: '2',
        autocommit: '1',
      },
    ])
    expect(String(rows[0]?.['modes'])).toContain('STRICT_ALL_TABLES')
    expect(String(rows[0]?.['modes'])).not.toContain('NO_BACKSLASH_ESCAPES')
    expect(Number(rows[0]?.['statements'])).toBe(12)
  })

  it('gives numbers, decimals and moments without loss', async () => {
    await using database = mysql(url)
    const rows = await database.session.execute(sql`select 18446744073709551615 as big,
      cast('0.10000000000000000001' as decimal(30,20)) as exact, timestamp('2024-01-01 00:00:00.123456') as moment`)
    expect(rows).toEqual([
      { big: '18446744073709551615', exact: '0.10000000000000000001', moment: '2024-01-01 00:00:00.123456' },
    ])
  })

  it('takes one statement at a time, and no file of this machine', async () => {
    await using database = mysql(url)
    await expect(database.session.execute(sql.raw('select 1; select 2'))).rejects.toThrow()
    await mariadbQuery(url, 'CREATE TABLE filed (a text)')
    await expect(
      database.session.change(sql.raw("load data local infile '/etc/hostname' into table filed")),
    ).rejects.toThrow()
    expect(await mariadbQuery(url, 'SELECT * FROM filed')).toEqual([])
  })

  it('tells who answers', async () => {
    await using database = mysql(url)
    const identity = await database.identify(signal)
    expect(identity).toMatchObject({ version: expect.stringMatching(/^MariaDB 1[0-9]\.\d+\.\d+$/), readOnly: false })
    expect(identity.id.endsWith(`/${name}`)).toBe(true)
    await using again = mysql(url)
    expect(await again.identify(signal)).toEqual(identity)
  })

  it('undoes all of a transaction that fails, and only what a savepoint held', async () => {
    await using database = mysql(url)
    await mariadbQuery(url, 'CREATE TABLE undone (id int PRIMARY KEY)')
    const insert = (id: number) => sql`insert into undone values (${id})`
    await database.session.transaction(async (transaction) => {
      await transaction.change(insert(1))
      await expect(
        transaction.transaction(async (inner) => {
          await inner.change(insert(2))
          await inner.change(insert(1))
        }),
      ).rejects.toMatchObject({ code: 'unique-violation' })
      await transaction.change(insert(3))
    })
    await expect(
      database.session.transaction(async (transaction) => {
        await transaction.change(insert(4))
        await transaction.change(insert(1))
      }),
    ).rejects.toMatchObject({ code: 'unique-violation' })
    expect(await mariadbQuery(url, 'SELECT id FROM undone ORDER BY id')).toEqual([{ id: '1' }, { id: '3' }])
  })

  it('does not commit the rest of a transaction that a deadlock undid', async () => {
    await using database = mysql(url)
    await mariadbQuery(url, 'CREATE TABLE dead (id int PRIMARY KEY, a int); INSERT INTO dead VALUES (1, 0), (2, 0)')
    const lock = (id: number) => sql`update dead set a = a + 1 where id = ${id}`
    let met = 0
    const meet = async (): Promise<void> => {
      met += 1
      await expect.poll(() => met).toBeGreaterThan(1)
    }
    const outcomes = await Promise.allSettled(
      [
        [1, 2],
        [2, 1],
      ].map(([first = 0, second = 0]) =>
        database.session.transaction(async (transaction) => {
          await transaction.change(lock(first))
          await meet()
          // A mistake of the caller: it goes on.
          await transaction.change(lock(second)).catch(() => undefined)
          await transaction.change(sql`insert into dead values (${first + 10}, 0)`)
        }),
      ),
    )
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const lost = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    expect(lost).toMatchObject([{ name: 'UnavailableError', code: 'deadlock' }])
    expect(await mariadbQuery(url, 'SELECT count(*) AS n FROM dead WHERE id > 10')).toEqual([{ n: '1' }])
  })
})

describe('an error', () => {
  const REFUSED: readonly (readonly [string, string, string])[] = [
    ['UnavailableError', 'login-refused', urlOf({ user: USER, password: 'canary wrong' })],
    ['ConfigError', 'permission-denied', urlOf({ user: USER, password: PASSWORD })],
    ['UnavailableError', 'connection-refused', 'mysql://root:canary@127.0.0.1:1/app'],
    ['ConfigError', 'database-missing', urlOf({ database: 'no_such_database' })],
  ]
  it.each(REFUSED)('of logging in is %s %s, without credentials', async (kind, code, address) => {
    await using database = mysql(address)
    const error = await failureOf(() => database.identify(signal))
    expect(error).toMatchObject({ name: kind, code })
    expect(shown(error)).not.toContain('canary')
  })

  it('of a host that does not answer comes within the deadline', async () => {
    await using database = mysql('mysql://root@192.0.2.1:3306/app', { connectMs: 200, insecureTls: 'plaintext' })
    await expect(database.identify(signal)).rejects.toBeInstanceOf(UnavailableError)
  })

  it('of a server without TLS is told when TLS is asked for', async () => {
    await using database = mysql(`${url}?ssl-mode=REQUIRED`)
    await expect(database.identify(signal)).rejects.toMatchObject({ code: 'tls-refused' })
  })

  it('about rows names table parts and no values', async () => {
    await using database = mysql(url)
    await mariadbQuery(
      url,
      `CREATE TABLE parents (id int PRIMARY KEY); CREATE TABLE rows_of (id varchar(30) PRIMARY KEY, a int NOT NULL, parent int,
        CONSTRAINT positive CHECK (a > 0), CONSTRAINT of_parent FOREIGN KEY (parent) REFERENCES parents (id));
        INSERT INTO rows_of VALUES ('canary', 1, NULL)`,
    )
    const CASES: readonly (readonly [string, string, RegExp])[] = [
      ["('canary', 1, null)", 'unique-violation', /PRIMARY/],
      ["('canary2', 'canary', null)", 'invalid-value', /, a$/],
      ["('canary2', null, null)", 'not-null-violation', /, a$/],
      ["('canary2', -1, null)", 'check-violation', /, positive$/],
      ["('canary2', 1, 77)", 'foreign-key-violation', /, of_parent$/],
      [`('canary ${'x'.repeat(40)}', 1, null)`, 'value-too-long', /, id$/],
    ]
    for (const [values, code, message] of CASES) {
      const error = await failureOf(() => database.session.change(sql.raw(`insert into rows_of values ${values}`)))
      expect(error).toMatchObject({ name: 'DataError', code, message: expect.stringMatching(message) })
      expect(shown(error)).not.toContain('canary')
    }
  })
})

describe('rights', () => {
  it('are enough when they are those that grants() prints, and doctor says what is missing before', async () => {
    await mariadbQuery(url, 'CREATE TABLE granted (id int PRIMARY KEY, version int, a text)')
    await using owner = mysql(url)
    const refOf = (database: typeof owner): TableRef => database.table('granted', { version: 'version' })
    const { statements, database: label } = await refOf(owner).grants('upsert', USER, signal)
    expect(label).toBe(owner.label)
    await mariadbQuery(url, `GRANT SELECT ON granted TO ${USER}@'%'`)
    const asUser = urlOf({ user: USER, password: PASSWORD })
    {
      await using early = mysql(asUser)
      const findings = await refOf(early).diagnose('upsert', signal)
      expect(findings.filter(({ level }) => level === 'error')).toMatchObject([
        { fix: expect.stringContaining('GRANT SELECT, INSERT, UPDATE') },
      ])
      await expect(early.state.prepare(signal)).rejects.toMatchObject({
        code: 'state-missing',
        fix: expect.stringContaining('CREATE TABLE'),
      })
    }
    for (const statement of statements) await mariadbQuery(url, statement)
    await using user = mysql(asUser)
    const findings = await refOf(user).diagnose('upsert', signal)
    expect(findings.filter(({ level }) => level === 'error')).toEqual([])
    expect(findings.map(({ message }) => message)).toContain('may SELECT, INSERT and UPDATE')
    await user.state.prepare(signal)
    const sink = await user.upserts([refOf(user)], { flow: 'granted' }, signal)
    const batch = (version: number) => ({
      lane: 'a',
      position: String(version),
      items: [{ rows: [[{ id: 1, version, a: `${version}` }]] }],
    })
    await sink.write(batch(1), { flow: 'granted', attempt: 1, expected: undefined, signal })
    await sink.write(batch(2), { flow: 'granted', attempt: 1, expected: '1', signal })
    expect(await user.state.deadLetters.count('granted')).toBe(0)
    expect(await mariadbQuery(url, 'SELECT a FROM granted')).toEqual([{ a: '2' }])
  })
})
