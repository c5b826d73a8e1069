import { readFileSync } from 'node:fs'
import { chmod, chown, copyFile, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mysql } from '../../src/adapters/mysql/index.js'
import { postgres } from '../../src/adapters/postgres/index.js'
import type { Database } from '../../src/core/database.js'
import { EXIT } from '../../src/core/errors.js'
import type { EmbeddedServer } from '../../src/embedded/server.js'
import { Feeding, type IngestRun, startIngestRun } from '../support/ingest/ingest-run.js'
import { mariadbTarget, postgresTarget, type Target } from '../support/ingest/target.js'
import { dedicatedMariadb, FAST_MARIADB, mariadbQuery } from '../support/mariadb.js'
import { dedicatedServer, FAST_SETTINGS } from '../support/postgres.js'
import { query } from '../support/sql.js'

const fixture = (name: string): string => fileURLToPath(new URL(`../support/tls/${name}`, import.meta.url))
const trusted = readFileSync(fixture('trusted-ca.pem'), 'utf8')
const other = readFileSync(fixture('other-ca.pem'), 'utf8')

const SECRET = 'canary-5d1e'

/** A server that asks for passwords and can do TLS, as its owner sees it. The flow's account is `app`. */
interface Door extends AsyncDisposable {
  readonly target: Target
  /** The name of the account in statements. */
  readonly account: string
  /** Of the flow's account; with `tls` it checks who answers. */
  url(tls?: boolean): string
  sql(text: string): Promise<void>
  /** Cuts the flow's connections. */
  cut(): Promise<void>
}

async function postgresDoor(): Promise<Door> {
  const server = await dedicatedServer({ settings: FAST_SETTINGS })
  const admin = server.url()
  const target = postgresTarget(admin)
  const sql = async (text: string): Promise<void> => void (await query(admin, text))
  await target.reset()
  await encrypt(server)
  await sql(`create role app login password '${SECRET}'; grant insert on audit to app`)
  await sql(await leastRights(postgres(admin), 'app'))
  return {
    target,
    account: 'app',
    sql,
    url: (tls = false) => withLogin(admin, tls ? '?sslmode=require' : undefined),
    cut: () => sql(`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'`),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

async function encrypt(server: EmbeddedServer): Promise<void> {
  const { uid, gid } = await stat(server.dataFolder)
  for (const name of ['server.pem', 'server.key']) {
    const file = join(server.dataFolder, name)
    await copyFile(fixture(name), file)
    await chmod(file, 0o600)
    await chown(file, uid, gid)
  }
  const hba = join(server.dataFolder, 'pg_hba.conf')
  await writeFile(hba, `host all app all scram-sha-256\n${await readFile(hba, 'utf8')}`)
  for (const setting of [`ssl_cert_file = 'server.pem'`, `ssl_key_file = 'server.key'`, 'ssl = on']) {
    await query(server.url(), `alter system set ${setting}`)
  }
  await query(server.url(), 'select pg_reload_conf()')
}

async function mariadbDoor(): Promise<Door> {
  const files = { 'server.pem': readFileSync(fixture('server.pem')), 'server.key': readFileSync(fixture('server.key')) }
  const settings = { ...FAST_MARIADB, 'ssl-cert': 'server.pem', 'ssl-key': 'server.key' }
  const server = await dedicatedMariadb({ files, settings })
  await mariadbQuery(server.url(), 'create database app')
  const admin = server.url('app')
  const target = mariadbTarget(admin)
  const sql = async (text: string): Promise<void> => void (await mariadbQuery(admin, text))
  await target.reset()
  await sql(`create user app@'%' identified by '${SECRET}'`)
  await sql(await leastRights(mysql(admin), `app@'%'`))
  return {
    target,
    account: `app@'%'`,
    sql,
    url: (tls = false) => withLogin(admin, tls ? '?ssl-mode=VERIFY_IDENTITY' : undefined),
    async cut() {
      const open = await mariadbQuery(admin, `select id from information_schema.processlist where user = 'app'`)
      for (const { id } of open) await sql(`kill ${String(id)}`).catch(() => undefined)
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** What `lockstep grants` prints. */
async function leastRights(database: Database, role: string): Promise<string> {
  await using _database = database
  const signal = AbortSignal.timeout(20_000)
  const lists = await Promise.all(
    ['readings', 'effects'].map((table) => database.table(table).grants('upsert', role, signal)),
  )
  return lists.flatMap(({ statements }) => statements).join('\n')
}

/** `localhost` is the name in the certificate. */
function withLogin(url: string, tls: string | undefined): string {
  const login = new URL(`${url}${tls ?? ''}`)
  Object.assign(login, { username: 'app', password: SECRET, hostname: tls === undefined ? '127.0.0.1' : 'localhost' })
  return login.href
}

function retries(run: IngestRun): string {
  return run
    .of('retry')
    .map(({ error }) => error.message)
    .join('\n')
}

/** Nothing that a flow tells holds its password. */
function expectSecret(run: IngestRun): void {
  const told = run.of('retry').map(({ error }) => [error.message, error.stack])
  expect(JSON.stringify([run.of('health'), told])).not.toContain(SECRET)
}

/** What a flow needs, and how all that it wrote goes away. */
const onTables = (checkpoints: string) => ({
  rights: [
    { rights: 'insert', table: 'readings' },
    { rights: 'update', table: 'readings' },
    { rights: 'select', table: 'effects' },
    { rights: 'update', table: checkpoints },
  ],
  empty: ['readings', 'effects', 'audit', checkpoints].map((table) => `delete from ${table};`).join(' '),
})

const DOORS = [
  { name: 'PostgreSQL', open: postgresDoor, ...onTables('lockstep.checkpoints') },
  { name: 'MariaDB', open: mariadbDoor, ...onTables('lockstep_checkpoints') },
]

describe.each(DOORS)('the account of a flow on $name', ({ name, open, rights, empty }) => {
  let door: Door
  beforeAll(async () => {
    door = await open()
  })
  afterAll(() => door[Symbol.asyncDispose]())

  /** The flow runs over TLS. */
  async function running(work: (run: IngestRun, feeding: Feeding) => Promise<void>): Promise<void> {
    await door.sql(empty)
    using feeding = new Feeding()
    await using run = startIngestRun(feeding.stream, door.target, { url: door.url(true), database: { ca: trusted } })
    await feeding.goesOn()
    await work(run, feeding)
    await feeding.settle(run, door.target)
    expectSecret(run)
  }

  test('its password is changed while it runs: red, and it goes on once it is right again', () =>
    running(async (run, feeding) => {
      const set = name === 'MariaDB' ? 'identified by' : 'password'
      await door.sql(`alter user ${door.account} ${set} 'another'`)
      await door.cut()
      await expect.poll(() => retries(run)).toMatch(/password|login-refused/)
      expect(run.red()).not.toEqual([])
      await door.sql(`alter user ${door.account} ${set} '${SECRET}'`)
      await feeding.goesOn()
    }))

  test.each(rights)('it may not $rights $table any more: red, and it goes on once it may', ({ rights, table }) =>
    running(async (run, feeding) => {
      await door.sql(`revoke ${rights} on ${table} from ${door.account}`)
      await expect.poll(() => run.red().join()).toMatch(/permission-denied/)
      await door.sql(`grant ${rights} on ${table} to ${door.account}`)
      await feeding.goesOn()
    }),
  )

  test('it may not write when it starts: refused, with what to do', async () => {
    await door.sql(`revoke insert on readings from ${door.account}`)
    using feeding = new Feeding()
    await using run = startIngestRun(feeding.stream, door.target, { url: door.url() })
    await expect(run.ended).rejects.toMatchObject({ code: 'permission-denied', exitCode: EXIT.config })
    await door.sql(`grant insert on readings to ${door.account}`)
    expect(await door.target.letters()).toEqual([])
  })

  test('another authority is trusted: red, nothing is written, and it ends when told to', async () => {
    await door.sql(empty)
    using feeding = new Feeding()
    await using run = startIngestRun(feeding.stream, door.target, { url: door.url(true), database: { ca: other } })
    await expect.poll(() => run.of('retry').length).toBeGreaterThan(2)
    expect(run.red()).toEqual([expect.stringContaining('tls-failed')])
    await run.drain()
    expect(await door.target.rows()).toEqual([])
    await using right = startIngestRun(feeding.stream, door.target, { url: door.url(true), database: { ca: trusted } })
    await feeding.settle(right, door.target)
  })

  // MariaDB cannot do that while it runs.
  if (name !== 'PostgreSQL') return
  test('TLS is switched off: red rather than in plain text, and it goes on', () =>
    running(async (run, feeding) => {
      await door.sql('alter system set ssl = off')
      await door.sql('select pg_reload_conf()')
      await expect
        .poll(async () => {
          await door.cut()
          return retries(run)
        })
        .toMatch(/tls-refused/)
      expect(run.red()).not.toEqual([])
      await door.sql('alter system set ssl = on')
      await door.sql('select pg_reload_conf()')
      await feeding.goesOn()
    }))
})
