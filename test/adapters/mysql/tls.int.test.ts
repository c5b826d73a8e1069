import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mysql } from '../../../src/adapters/mysql/database.js'
import type { MysqlOptions } from '../../../src/adapters/mysql/session/options.js'
import type { MariadbServer } from '../../../src/embedded/mariadb/mariadb-server.js'
import { dedicatedMariadb, FAST_MARIADB } from '../../support/mariadb.js'

const fixture = (name: string): string => fileURLToPath(new URL(`../../support/tls/${name}`, import.meta.url))
const trusted = readFileSync(fixture('trusted-ca.pem'), 'utf8')
const other = readFileSync(fixture('other-ca.pem'), 'utf8')

let server: MariadbServer

beforeAll(async () => {
  const files = {
    'server.pem': readFileSync(fixture('server.pem')),
    'server.key': readFileSync(fixture('server.key')),
  }
  server = await dedicatedMariadb({
    files,
    settings: { ...FAST_MARIADB, 'ssl-cert': 'server.pem', 'ssl-key': 'server.key' },
  })
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

/** The cipher of the connection; empty when it is not encrypted. */
async function cipher(query: string, options: MysqlOptions): Promise<unknown> {
  const url = new URL(server.url('mysql'))
  url.hostname = 'localhost'
  await using database = mysql(`${url.href}${query}`, options)
  const [row] = await database.session.execute(sql`show status like 'Ssl_cipher'`)
  return row?.['Value']
}

describe('TLS', () => {
  it('is used when the certificate is of the host and of a trusted authority', async () => {
    expect(await cipher('', { ca: trusted })).toMatch(/\w/)
  })

  it.each([
    ['an authority nobody named', {}],
    ['another authority', { ca: other }],
  ] as const)('refuses a certificate of %s', async (_, options) => {
    const failed = cipher('?ssl-mode=VERIFY_IDENTITY', options)
    await expect(failed).rejects.toMatchObject({ code: 'tls-failed', name: 'UnavailableError' })
  })

  it('takes any certificate only when told so in the config', async () => {
    expect(await cipher('?ssl-mode=VERIFY_IDENTITY', { insecureTls: true })).toMatch(/\w/)
    expect(await cipher('', { insecureTls: 'plaintext' })).toBe('')
  })
})
