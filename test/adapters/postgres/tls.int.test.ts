import { readFileSync } from 'node:fs'
import { chmod, chown, copyFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PostgresOptions, postgres } from '../../../src/adapters/postgres/index.js'
import type { EmbeddedServer } from '../../../src/embedded/server.js'
import { dedicatedServer, FAST_SETTINGS, plainClient } from '../../support/postgres.js'

const fixture = (name: string): string => fileURLToPath(new URL(`../../support/tls/${name}`, import.meta.url))
const trusted = readFileSync(fixture('trusted-ca.pem'), 'utf8')
const other = readFileSync(fixture('other-ca.pem'), 'utf8')

let server: EmbeddedServer

beforeAll(async () => {
  server = await dedicatedServer({ settings: FAST_SETTINGS })
  const { uid, gid } = await stat(server.dataFolder)
  for (const name of ['server.pem', 'server.key']) {
    const file = join(server.dataFolder, name)
    await copyFile(fixture(name), file)
    await chmod(file, 0o600)
    await chown(file, uid, gid)
  }
  await using client = await plainClient(server.url())
  await client.query(`ALTER SYSTEM SET ssl_cert_file = 'server.pem'`)
  await client.query(`ALTER SYSTEM SET ssl_key_file = 'server.key'`)
  await client.query('ALTER SYSTEM SET ssl = on')
  await client.query('SELECT pg_reload_conf()')
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

const encrypted = async (host: string, query: string, options: PostgresOptions): Promise<unknown> => {
  const url = new URL(server.url())
  url.hostname = host
  await using handle = postgres(`${url.href}${query}`, options)
  const [row] = await handle.session.execute(sql`select ssl from pg_stat_ssl where pid = pg_backend_pid()`)
  return row?.['ssl']
}

describe('TLS', () => {
  it('is used when the certificate is of the host and of a trusted authority', async () => {
    expect(await encrypted('localhost', '', { ca: trusted })).toBe(true)
  })

  it.each([
    ['an authority nobody named', 'localhost', {}],
    ['another authority', 'localhost', { ca: other }],
    ['another host name', '127.0.0.1', { ca: trusted }],
  ] as const)('refuses a certificate of %s', async (_, host, options) => {
    const failed = encrypted(host, '?sslmode=require', options)
    await expect(failed).rejects.toMatchObject({ code: 'tls-failed', name: 'UnavailableError' })
  })

  it('takes any certificate only when told so in the config', async () => {
    expect(await encrypted('127.0.0.1', '?sslmode=verify-full', { insecureTls: true })).toBe(true)
    expect(await encrypted('127.0.0.1', '', { insecureTls: 'plaintext' })).toBe(false)
  })
})
