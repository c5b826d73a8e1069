import { type Client, createClient, type InValue } from '@libsql/client'
import { type PlainMariadb, plainMariadb } from '../../support/mariadb.js'
import { type PlainClient, plainClient } from '../../support/postgres.js'

/** A value to store as a bare client would: text, or bytes in hexadecimal; `null` is NULL. */
export type Cell = string | null

export interface StoredColumn {
  readonly name: string
  readonly type: string
}

/** A database as a program that knows nothing of the product writes to it. */
export interface Store extends AsyncDisposable {
  create(table: string, columns: readonly StoredColumn[]): Promise<void>
  insert(table: string, columns: readonly StoredColumn[], rows: readonly (readonly Cell[])[]): Promise<void>
  run(statement: string): Promise<void>
}

export class PostgresStore implements Store {
  readonly #client: PlainClient

  private constructor(client: PlainClient) {
    this.#client = client
  }

  static async open(url: string): Promise<PostgresStore> {
    const client = await plainClient(url)
    await client.query(`set timezone = 'UTC'`)
    return new PostgresStore(client)
  }

  async create(table: string, columns: readonly StoredColumn[]): Promise<void> {
    const list = columns.map(({ name, type }) => `"${name}" ${type}`).join(', ')
    await this.#client.query(`create table "${table}" (${list}, primary key ("${columns[0]?.name}"))`)
  }

  async insert(table: string, columns: readonly StoredColumn[], rows: readonly (readonly Cell[])[]): Promise<void> {
    const lists = columns.map(({ type }, at) =>
      rows.map((row) => (type === 'bytea' && typeof row[at] === 'string' ? `\\x${row[at]}` : (row[at] ?? null))),
    )
    const names = columns.map((_, at) => `c${at}`)
    const casts = columns.map(({ type }, at) => `c${at}::${type}`)
    const parameters = columns.map((_, at) => `$${at + 1}::text[]`)
    await this.#client.query(
      `insert into "${table}" select ${casts.join(', ')} from unnest(${parameters.join(', ')}) u(${names.join(', ')})`,
      lists,
    )
  }

  async run(statement: string): Promise<void> {
    await this.#client.query(statement)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end()
  }
}

export class MariadbStore implements Store {
  readonly #client: PlainMariadb

  private constructor(client: PlainMariadb) {
    this.#client = client
  }

  static async open(url: string): Promise<MariadbStore> {
    const client = await plainMariadb(url)
    await client.query(`set time_zone = '+00:00'`)
    return new MariadbStore(client)
  }

  async create(table: string, columns: readonly StoredColumn[]): Promise<void> {
    const list = columns.map(({ name, type }) => `\`${name}\` ${type}`).join(', ')
    await this.#client.query(
      `create table \`${table}\` (${list}, primary key (\`${columns[0]?.name}\`)) charset utf8mb4`,
    )
  }

  async insert(table: string, columns: readonly StoredColumn[], rows: readonly (readonly Cell[])[]): Promise<void> {
    const cells = rows.map((row) => columns.map(({ type }, at) => mariadbValue(type, row[at] ?? null)))
    for (let start = 0; start < cells.length; start += 5_000) {
      await this.#client.query(`insert into \`${table}\` values ?`, [cells.slice(start, start + 5_000)])
    }
  }

  async run(statement: string): Promise<void> {
    await this.#client.query(statement)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]()
  }
}

function mariadbValue(type: string, cell: Cell): unknown {
  if (cell === null) return null
  if (/binary|blob/.test(type)) return Buffer.from(cell, 'hex')
  return /^bit/.test(type) ? Number.parseInt(cell, 2) : cell
}

export class SqliteStore implements Store {
  readonly #client: Client

  constructor(file: string) {
    this.#client = createClient({ url: `file:${file}`, intMode: 'bigint' })
  }

  async create(table: string, columns: readonly StoredColumn[]): Promise<void> {
    const list = columns.map(({ name, type }) => `"${name}" ${type}`).join(', ')
    await this.#client.execute(`create table "${table}" (${list}, primary key ("${columns[0]?.name}"))`)
  }

  async insert(table: string, columns: readonly StoredColumn[], rows: readonly (readonly Cell[])[]): Promise<void> {
    const marks = columns.map(() => '?').join(', ')
    const values = (row: readonly Cell[]) => columns.map(({ type }, at) => sqliteValue(type, row[at] ?? null))
    await this.#client.batch(
      rows.map((row) => ({ sql: `insert into "${table}" values (${marks})`, args: values(row) })),
      'write',
    )
  }

  async run(statement: string): Promise<void> {
    await this.#client.execute(statement)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close()
  }
}

function sqliteValue(type: string, cell: Cell): InValue {
  if (cell === null) return null
  if (/blob/i.test(type)) return Buffer.from(cell, 'hex')
  return /real|double/i.test(type) ? Number(cell) : cell
}
