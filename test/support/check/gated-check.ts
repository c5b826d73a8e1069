import { type MysqlOptions, mysql } from '../../../src/adapters/mysql/index.js'
import { type PostgresOptions, postgres } from '../../../src/adapters/postgres/index.js'
import type { ColumnRef, Database, TableRef } from '../../../src/core/database.js'
import { dedicatedMariadb, mariadbQuery, plainMariadb } from '../mariadb.js'
import { dedicatedServer, plainClient } from '../postgres.js'
import { query } from '../sql.js'

/** What both kinds of databases have. */
export interface CheckedDatabase extends Database {
  table(name: string): TableRef & { column(name: string, options?: { readonly where?: string }): ColumnRef }
}

/** What both kinds of servers can do. */
export interface GatedServer extends AsyncDisposable {
  kill(): Promise<void>
  /** Resolves once it accepts connections. */
  start(): Promise<void>
  freeze(frozen: boolean): Promise<void>
}

/**
 * A server of the test's own with a function `gate(id)`, which is true, and which whoever reads row 5,000 waits in while
 * somebody holds the gate: a flow stands still in the middle of its reading for as long as a fault takes to strike.
 */
export interface Gated extends AsyncDisposable {
  readonly server: GatedServer
  readonly url: string
  open(url: string, limits: PostgresOptions & MysqlOptions): CheckedDatabase
  sql(text: string): Promise<void>
  /** From now on. Disposed of, whoever waits goes on; so they do when the server dies. */
  hold(): Promise<AsyncDisposable>
  /** How many wait in the gate. */
  waiting(): Promise<number>
  /** Ends what the user `reader` has open. */
  cut(): Promise<void>
  /** The user `reader`, in statements. */
  readonly reader: string
  /** Statement after which `reader` cannot log in any more, and the one that undoes it. */
  readonly lockOut: string
  readonly letIn: string
}

export async function gatedPostgres(): Promise<Gated> {
  const server = await dedicatedServer()
  const url = server.url()
  const sql = async (text: string): Promise<void> => void (await query(url, text))
  await sql(`create function gate(id bigint) returns boolean language plpgsql as $$ begin
    if id = 5000 then perform pg_advisory_lock_shared(7); perform pg_advisory_unlock_shared(7); end if; return true; end $$;
    create role reader login`)
  return {
    server,
    url,
    sql,
    open: (at, limits) => postgres(at, limits),
    async hold() {
      const client = await plainClient(url)
      await client.query('select pg_advisory_lock(7)')
      return client
    },
    async waiting() {
      const rows = await query(url, `select 1 from pg_locks where locktype = 'advisory' and not granted`)
      return rows.length
    },
    cut: () => sql(`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'reader'`),
    reader: 'reader',
    lockOut: 'alter role reader nologin',
    letIn: 'alter role reader login',
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

export async function gatedMariadb(): Promise<Gated> {
  const server = await dedicatedMariadb()
  await mariadbQuery(server.url(), 'create database app character set utf8mb4')
  const url = server.url('app')
  const sql = async (text: string): Promise<void> => void (await mariadbQuery(url, text))
  await sql(`create function gate(id bigint) returns boolean reads sql data begin declare got int;
    if id = 5000 then set got = get_lock('gate', 600); set got = release_lock('gate'); end if; return true; end`)
  await sql(`create user reader@'%'; grant execute on function app.gate to reader@'%'`)
  const threads = (where: string) => mariadbQuery(url, `select id from information_schema.processlist where ${where}`)
  return {
    server,
    url,
    sql,
    open: (at, limits) => mysql(at, limits),
    async hold() {
      const client = await plainMariadb(url)
      await client.query(`select get_lock('gate', 60)`)
      return client
    },
    waiting: async () => (await threads(`state = 'User lock'`)).length,
    async cut() {
      for (const { id } of await threads(`user = 'reader'`)) await sql(`kill ${String(id)}`).catch(() => undefined)
    },
    reader: `reader@'%'`,
    lockOut: `alter user reader@'%' account lock`,
    letIn: `alter user reader@'%' account unlock`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
