import { randomUUID } from 'node:crypto'
import { mysql } from 'lockstep/mysql'
import type { MysqlDatabase } from '../../../src/adapters/mysql/database.js'
import type { Row, Table } from '../../../src/core/table.js'
import { type TableHarness, tableContract } from '../../contracts/table.js'
import { plainMariadb, testMariadb } from '../../support/mariadb.js'

const { url } = testMariadb()

tableContract('mysql', open)

async function open(rows: readonly Row[]): Promise<TableHarness> {
  const database = mysql(url)
  const client = await plainMariadb(url)
  const made = async (of: readonly Row[]): Promise<string> => {
    const name = `contract_${randomUUID().replaceAll('-', '')}`
    await client.query(`CREATE TABLE ${name} (id char(36) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
      a longtext NOT NULL, b longtext) CHARACTER SET utf8mb4`)
    await insert(name, of)
    return name
  }
  const insert = async (name: string, of: readonly Row[]): Promise<void> => {
    if (of.length > 0) await client.query(`REPLACE INTO ${name} VALUES ?`, [of])
  }
  const name = await made(rows)
  return {
    table: await table(database, name),
    put: (changed) => insert(name, changed),
    remove: async (ids) => {
      await client.query(`DELETE FROM ${name} WHERE id IN (?)`, [ids])
    },
    twin: async (others) => table(database, await made(others)),
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]()
      await client[Symbol.asyncDispose]()
    },
  }
}

async function table(database: MysqlDatabase, name: string): Promise<Table> {
  const opened = await database.table(name).openCanonical(AbortSignal.timeout(60_000))
  const text = { kind: 'text', padded: false } as const
  return opened.as(
    ['id', 'a', 'b'].map((column) => ({ name: column, as: column, form: text })),
    ['id'],
  )
}
