import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { sql } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { type PostgresDatabase, postgres } from '../../../src/adapters/postgres/index.js'
import { Secret } from '../../../src/core/secret.js'
import { FaultProxy } from '../../support/fault-proxy.js'
import { dedicatedServer, plainClient, testDatabase } from '../../support/postgres.js'

const database = testDatabase()
const PASSWORD = 'canary-in-the-coal-mine'
const VALUE = 'canary-of-a-row'
const quick = { connectMs: 300, statementMs: 300 }
const one = sql`select 1 as one`

beforeAll(async () => {
  await using client = await plainClient(database.url)
  await client.query(
    `CREATE TABLE secrets (id text PRIMARY KEY, small varchar(3) CHECK (small <> 'bad'), n int, j jsonb)`,
  )
  await client.query('INSERT INTO secrets (id) VALUES ($1)', [VALUE])
})

/** Everything a careless logger could print of it. */
const printed = (thing: unknown): string => {
  const texts = [String(thing), inspect(thing, { depth: 12, showHidden: true }), JSON.stringify(thing) ?? '']
  for (let error = thing; error instanceof Error; error = error.cause) texts.push(error.message, error.stack ?? '')
  return texts.join('\n')
}

const failureOf = async (handle: PostgresDatabase, work: () => Promise<unknown>): Promise<unknown> => {
  const error: unknown = await work().then(
    () => undefined,
    (caught: unknown) => caught,
  )
  expect(error, 'it should have failed').toBeInstanceOf(Error)
  expect(printed(error)).not.toContain('canary')
  expect(printed(handle)).not.toContain('canary')
  return error
}

describe('the password is in no error and in no handle', () => {
  it.each([
    ['connection refused', 'postgres://me:PW@127.0.0.1:1/x', 'connection-refused'],
    ['unknown host', 'postgres://me:PW@no-such-host.invalid/x', 'host-unknown'],
    ['TLS refused', `${database.urlOf({ password: 'PW' })}?sslmode=require`, 'tls-refused'],
    ['unknown role', database.urlOf({ user: 'no_such_role', password: 'PW' }), 'login-refused'],
    ['unknown database', database.urlOf({ database: 'nowhere', password: 'PW' }), 'database-missing'],
  ])('%s', async (_, url, code) => {
    await using handle = postgres(new Secret(url.replace('PW', PASSWORD)))
    expect(await failureOf(handle, () => handle.session.execute(one))).toMatchObject({ code })
    expect(await failureOf(handle, () => handle.identify(AbortSignal.timeout(5_000)))).toMatchObject({ code })
  })

  it('deadline passed, link cut, aborted, closed', async () => {
    await using proxy = await FaultProxy.start(database.urlOf({ password: PASSWORD }))
    const handle = postgres(proxy.url, quick)
    await handle.session.execute(one)
    await failureOf(handle, () => handle.session.execute(one, { signal: AbortSignal.abort() }))
    const sleeping = handle.session.execute(sql`select pg_sleep(9)`, { deadlineMs: 5_000 })
    await expect.poll(() => proxy.open).toBeGreaterThan(0)
    proxy.resetAll()
    await failureOf(handle, () => sleeping)
    await proxy.set({ kind: 'hold' })
    await failureOf(handle, () => handle.session.execute(one))
    await handle[Symbol.asyncDispose]()
    await failureOf(handle, () => handle.session.execute(one))
  })

  it('password refused: it waits, and goes on when the password is right again', async () => {
    await using server = await dedicatedServer()
    await using admin = await plainClient(server.url())
    await admin.query(`CREATE ROLE me LOGIN PASSWORD 'other'`)
    const hba = join(server.dataFolder, 'pg_hba.conf')
    await writeFile(hba, 'host all postgres 127.0.0.1/32 trust\n')
    await appendFile(hba, 'host all me 127.0.0.1/32 scram-sha-256\n')
    await admin.query('SELECT pg_reload_conf()')
    const url = new URL(server.url())
    url.username = 'me'
    url.password = PASSWORD
    await using handle = postgres(url.href)
    await expect
      .poll(() => failureOf(handle, () => handle.session.execute(one)))
      .toMatchObject({ code: 'password-refused', name: 'UnavailableError' })
    await admin.query(`ALTER ROLE me PASSWORD '${PASSWORD}'`)
    expect(await handle.session.execute(one)).toEqual([{ one: 1 }])
    url.password = ''
    await using without = postgres(url.href)
    expect(await failureOf(without, () => without.session.execute(one))).toMatchObject({ code: 'password-refused' })
  })
})

describe('row values are in no error', () => {
  it.each([
    ['unique-violation', sql`insert into secrets (id) values (${VALUE})`],
    ['value-too-long', sql`insert into secrets (id, small) values ('a', ${VALUE})`],
    ['invalid-text-form', sql`insert into secrets (id, n) values ('b', ${VALUE}::text::int)`],
    ['invalid-text-form', sql`insert into secrets (id, j) values ('c', ${`{"${VALUE}`}::text::jsonb)`],
    ['check-violation', sql`insert into secrets (id, small) values (${`${VALUE}-2`}, 'bad')`],
    ['invalid-datetime', sql`select ${VALUE}::text::timestamptz`],
  ])('%s', async (code, query) => {
    await using handle = postgres(database.url)
    expect(await failureOf(handle, () => handle.session.execute(query))).toMatchObject({ code })
  })
})
