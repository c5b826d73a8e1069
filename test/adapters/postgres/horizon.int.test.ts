import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { askWho, diagnoseTransactions } from '../../../src/adapters/postgres/diagnose/server.js'
import { postgres } from '../../../src/adapters/postgres/index.js'
import { oldestHolder, openTransactions } from '../../../src/adapters/postgres/ledger/horizon.js'
import type { EmbeddedServer } from '../../../src/embedded/server.js'
import { dedicatedServer, FAST_SETTINGS, type PlainClient, plainClient } from '../../support/postgres.js'

describe('who holds back the oldest transaction', () => {
  const signal = AbortSignal.timeout(240_000)
  let server: EmbeddedServer

  beforeAll(async () => {
    server = await dedicatedServer({ settings: FAST_SETTINGS })
    await using client = await plainClient(server.url('postgres'))
    for (const statement of ['create database other', 'create role reader login']) await client.query(statement)
  })
  afterAll(() => server[Symbol.asyncDispose]())

  function urlAs(user: string): string {
    const url = new URL(server.url('postgres'))
    url.username = user
    return url.href
  }

  async function inOther<Result>(work: (client: PlainClient) => Promise<Result>): Promise<Result> {
    await using client = await plainClient(server.url('other'))
    return await work(client)
  }

  async function asked(user = 'postgres', oldSeconds = 0) {
    await using handle = postgres(urlAs(user))
    // A transaction of autovacuum may pass by.
    return {
      holder: await oldestHolder(handle.session, signal),
      found: await diagnoseTransactions(await askWho(handle, signal), oldSeconds),
      cures: (await openTransactions(handle.session, signal)).map(({ cure }) => cure),
    }
  }

  it('nobody; sessions that only read and replication slots hold back no snapshot', async () => {
    await inOther(async (client) => {
      await client.query('begin isolation level repeatable read')
      await client.query('select 1')
      await vi.waitFor(async () => expect((await asked()).holder).toBeUndefined(), { timeout: 30_000 })
      await client.query('rollback')
    })
  })

  it('an open transaction in another database, by pid, application and state; its cure ends it', async () => {
    await inOther(async (client) => {
      await client.query(`set application_name = 'nightly report'`)
      await client.query('begin')
      await client.query('select pg_current_xact_id()')
      const { rows } = await client.query('select pg_backend_pid() as pid')
      const pid: unknown = rows[0]?.pid
      const { holder, found, cures } = await asked()
      expect(holder).toMatch(
        new RegExp(
          `^session ${pid} \\(application nightly report\\) in database other, idle in transaction, has a transaction open since \\d{4}-\\d\\d-\\d\\d [\\d:]+ UTC \\(\\d+ s\\); SELECT pg_terminate_backend\\(${pid}\\) ends it$`,
        ),
      )
      expect(found).toContainEqual(
        expect.objectContaining({ level: 'warn', fix: `SELECT pg_terminate_backend(${pid});` }),
      )
      expect((await asked('postgres', 60)).found.filter(({ level }) => level !== 'ok')).toEqual([])
      await using cure = await plainClient(server.url('postgres'))
      for (const statement of cures) await cure.query(statement)
      await vi.waitFor(async () => expect((await asked()).holder).toBeUndefined(), { timeout: 30_000 })
    }).catch((error: unknown) => {
      // The cure ended the session that holds it.
      if (!/terminat/i.test(String(error))) throw error
    })
  })

  it('without the right to see it, the age is not made up', async () => {
    await inOther(async (client) => {
      await client.query('begin')
      await client.query('select pg_current_xact_id()')
      const { holder, found } = await asked('reader')
      expect(holder).toMatch(/^session \d+ \(application oracle\) in database other has a transaction open; SELECT pg_/)
      expect(found).toContainEqual(
        expect.objectContaining({ level: 'ok', fix: 'GRANT pg_read_all_stats TO "reader";' }),
      )
      await client.query('rollback')
    })
  })

  it('a prepared transaction in another database, by its name', async () => {
    await inOther(async (client) => {
      await client.query('begin')
      await client.query('create table forgotten (id int)')
      await client.query(`prepare transaction 'it''s mine'`)
      const { holder, found } = await asked('reader')
      expect(holder).toMatch(
        /^prepared transaction 'it''s mine' in database other waits for its COMMIT since .* UTC .*; ROLLBACK PREPARED 'it''s mine' ends it$/,
      )
      const fix = found.find(({ level }) => level === 'warn')?.fix ?? 'no fix'
      expect(fix).toMatch(/^ROLLBACK PREPARED 'it''s mine';/)
      await client.query(fix)
      await vi.waitFor(async () => expect((await asked()).holder).toBeUndefined(), { timeout: 30_000 })
    })
  })
})
