import { type MySqlTable, getTableConfig as ofMysql } from 'drizzle-orm/mysql-core'
import { getTableConfig as ofPostgres, type PgTable } from 'drizzle-orm/pg-core'
import { describe, expect, it } from 'vitest'
import * as ofFacilities from '../../examples/facilities/schema.js'
import * as inMysql from '../../examples/quotes/mysql/schema.js'
import * as inPostgres from '../../examples/quotes/postgres/schema.js'
import * as ofScans from '../../examples/scans/schema.js'
import { mariadbQuery, testMariadb } from '../support/mariadb.js'
import { testDatabase } from '../support/postgres.js'
import { query } from '../support/sql.js'
import { schemaOf } from './example.js'

const MYSQL_TABLES: readonly MySqlTable[] = Object.values(inMysql)
const POSTGRES_TABLES: readonly PgTable[] = [
  ...Object.values(inPostgres),
  ...Object.values(ofScans),
  ...Object.values(ofFacilities),
]
/** What MariaDB calls a type; MySQL and Drizzle say it otherwise. */
const MARIADB: Readonly<Record<string, string>> = { boolean: 'tinyint(1)', json: 'longtext', bigint: 'bigint(20)' }

interface Described {
  readonly name: string
  readonly type: string
  readonly notNull: boolean
}

interface DrizzleColumn {
  readonly name: string
  readonly notNull: boolean
  getSQLType(): string
}

function described(columns: readonly DrizzleColumn[], names: Readonly<Record<string, string>>): readonly Described[] {
  return columns.map((column) => {
    const type = column.getSQLType().replace(', ', ',')
    return { name: column.name, type: names[type] ?? type, notNull: column.notNull }
  })
}

describe('the schema.sql of an example', () => {
  const mariadb = testMariadb()
  const postgres = testDatabase()

  it('makes on MariaDB the columns of its Drizzle tables, compared byte by byte', async () => {
    await mariadbQuery(mariadb.url, await schemaOf('quotes/mysql/schema.sql'))
    for (const config of MYSQL_TABLES.map(ofMysql)) {
      const rows = await mariadbQuery(
        mariadb.url,
        `select column_name as name, column_type as type, is_nullable as nullable, collation_name as collation
          from information_schema.columns
          where table_schema = database() and table_name = '${config.name}' order by ordinal_position`,
      )
      const found = rows.map(({ name, type, nullable }) => ({ name, type, notNull: nullable === 'NO' }))
      expect(found, config.name).toEqual(described(config.columns, MARIADB))
      expect(new Set(rows.map(({ collation }) => collation ?? 'utf8mb4_bin'))).toEqual(new Set(['utf8mb4_bin']))
    }
  })

  it('makes on PostgreSQL the columns of its Drizzle tables', async () => {
    await query(postgres.url, await schemaOf('quotes/postgres/schema.sql'))
    await query(postgres.url, await schemaOf('scans/schema.sql'))
    await query(postgres.url, await schemaOf('facilities/schema.sql'))
    for (const config of POSTGRES_TABLES.map(ofPostgres)) {
      const found = await query(
        postgres.url,
        `select attname as name, format_type(atttypid, atttypmod) as type, attnotnull as "notNull"
          from pg_attribute where attrelid = '${config.name}'::regclass and attnum > 0 order by attnum`,
      )
      expect(found, config.name).toEqual(described(config.columns, { serial: 'integer' }))
    }
  })

  it('may be run again', async () => {
    await mariadbQuery(mariadb.url, await schemaOf('quotes/mysql/schema.sql'))
    await query(postgres.url, await schemaOf('quotes/postgres/schema.sql'))
  })
})
