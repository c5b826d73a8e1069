import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MariadbServer } from '../../../embedded/mariadb/mariadb-server.js'
import { findMariadb } from '../../../embedded/mariadb/programs.js'
import { exampleFolder } from '../example-folder.js'
import { sqlClient } from '../sql-client.js'
import type { Stage } from '../stage.js'

export type SqlRow = Readonly<Record<string, unknown>>

/** A database that quotes flow into, and a bare client of it. */
export interface QuotesTarget extends AsyncDisposable {
  /** Folder of the example whose config writes to it. */
  readonly example: 'postgres' | 'mysql'
  /** For people. */
  readonly name: string
  readonly url: string
  readonly deadLettersTable: string
  query(sql: string): Promise<readonly SqlRow[]>
}

export async function postgresTarget(stage: Stage): Promise<QuotesTarget> {
  const server = await stage.server()
  const client = await sqlClient(server.url())
  await client.query(await schemaOf('postgres'))
  return {
    example: 'postgres',
    name: `PostgreSQL on port ${server.port}`,
    url: server.url(),
    deadLettersTable: 'lockstep.dead_letters',
    query: async (sql) => (await client.query<SqlRow>(sql)).rows,
    [Symbol.asyncDispose]: () => client.end(),
  }
}

/** `undefined` where no MariaDB is installed, as npm has none, or no client of it. */
export async function mariadbTarget(): Promise<QuotesTarget | undefined> {
  const programs = await findMariadb()
  const client = await import('mysql2/promise').catch(() => undefined)
  if (programs === undefined || client === undefined) return undefined
  const server = await MariadbServer.start(programs)
  const connection = await client.createConnection({ uri: server.url(), multipleStatements: true, timezone: 'Z' })
  await connection.query(`CREATE DATABASE quotes; USE quotes; ${await schemaOf('mysql')}`)
  return {
    example: 'mysql',
    name: `MariaDB on port ${server.port}`,
    url: server.url('quotes'),
    deadLettersTable: 'lockstep_dead_letters',
    async query(sql) {
      const rows: unknown = (await connection.query(sql))[0]
      return Array.isArray(rows) ? rows.filter(isRow) : []
    },
    async [Symbol.asyncDispose]() {
      await connection.end()
      await server[Symbol.asyncDispose]()
    },
  }
}

function schemaOf(example: QuotesTarget['example']): Promise<string> {
  return readFile(join(exampleFolder('quotes'), example, 'schema.sql'), 'utf8')
}

function isRow(value: unknown): value is SqlRow {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
