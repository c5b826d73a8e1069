import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { postgres } from '../../../src/adapters/postgres/index.js'
import { dedicatedServer, plainClient, testDatabase } from '../../support/postgres.js'

const a = testDatabase('a')
const b = testDatabase('b')
const one = sql`select 1 as one`
const signal = AbortSignal.timeout(240_000)

describe('the identity of a database', () => {
  it('is equal for two handles of one database, and differs between databases and servers', async () => {
    const urls = [a.url, a.url.replace('127.0.0.1', 'localhost'), a.urlOf({ database: 'postgres' }), b.url]
    const handles = urls.map((url) => postgres(url))
    const [first, again, neighbour, other] = await Promise.all(handles.map((handle) => handle.identify(signal)))
    await Promise.all(handles.map((handle) => handle[Symbol.asyncDispose]()))
    expect(again).toEqual(first)
    expect(new Set([first?.id, neighbour?.id, other?.id]).size).toBe(3)
    expect(first).toMatchObject({ version: expect.stringMatching(/^PostgreSQL \d+/), readOnly: false, exact: true })
  })

  it('is what the server itself says', async () => {
    await using handle = postgres(a.url)
    await using oracle = await plainClient(a.url)
    const { rows } = await oracle.query(
      `SELECT (SELECT system_identifier::text FROM pg_control_system()) || '/' ||
      (SELECT timeline_id FROM pg_control_checkpoint()) || '/' || (SELECT oid FROM pg_database WHERE datname = $1) AS id`,
      [a.name],
    )
    expect((await handle.identify(signal)).id).toBe(rows[0].id)
  })

  it('is inexact, and says so, for a role that may not ask for the system identifier', async () => {
    const role = `role_${randomBytes(4).toString('hex')}`
    await using oracle = await plainClient(a.url)
    await oracle.query(`CREATE ROLE ${role} LOGIN; REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC`)
    try {
      await using handle = postgres(a.urlOf({ user: role }))
      const identity = await handle.identify(signal)
      expect(identity).toMatchObject({ exact: false, id: expect.stringContaining(handle.label) })
      expect(await handle.session.execute(one)).toEqual([{ one: 1 }])
    } finally {
      await oracle.query(`GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC; DROP ROLE ${role}`)
    }
  })

  it('of an unreachable server is unavailable within the deadline', async () => {
    await using handle = postgres('postgres://me@127.0.0.1:1/x')
    await expect(handle.identify(signal)).rejects.toMatchObject({ code: 'connection-refused' })
  })
})

describe('another server behind the same address', () => {
  it('is refused at the next connect, loudly', async () => {
    await using first = await dedicatedServer()
    await using handle = postgres(first.url())
    await using connection = handle.connect('loop')
    await connection.execute(one)
    await first.stop()
    await using second = await dedicatedServer({ port: first.port })
    expect(second.url()).toBe(first.url())
    await connection.execute(one).catch(() => {})
    await expect(connection.execute(one)).rejects.toMatchObject({ code: 'server-changed', name: 'ConfigError' })
    await expect(handle.session.execute(one)).rejects.toMatchObject({ code: 'server-changed' })
  })

  it('in recovery is a standby: it is read only, writers wait, and a promotion is a new timeline', async () => {
    await using server = await dedicatedServer()
    await server.stop()
    await writeFile(join(server.dataFolder, 'standby.signal'), '')
    await server.start()
    await using handle = postgres(server.url())
    const standby = await handle.identify(signal)
    expect(standby.readOnly).toBe(true)
    await expect(handle.session.execute(one)).rejects.toMatchObject({ code: 'in-recovery', name: 'UnavailableError' })
    await using oracle = await plainClient(server.url())
    await oracle.query('SELECT pg_promote(true, 30)')
    await using later = postgres(server.url())
    const primary = await later.identify(signal)
    expect(primary.readOnly).toBe(false)
    expect(primary.id).not.toBe(standby.id)
    await expect(handle.session.execute(one)).rejects.toMatchObject({ code: 'server-changed' })
  })
})
