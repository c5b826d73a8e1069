import type pg from 'pg'
import type { Random } from './random.js'

/** What the writers know about the table: its key, one text column, and whether it has a sequence or a version. */
export interface Shape {
  readonly table: string
  readonly key: string
  readonly keyType: 'uuid' | 'bigint'
  readonly text: string
  /** A column beside the key that a sequence fills. */
  readonly sequence: string | undefined
  readonly version: string | undefined
}

export interface NewRow {
  /** `undefined`: the table's sequence gives it. */
  readonly key: string | undefined
  readonly text: string
  /** An explicit number for the sequence column. */
  readonly number: string | undefined
}

interface CatalogColumn {
  name: string
  type: string
  filled: boolean
  key: boolean
}

const COLUMNS = `
  select a.attname as name, format_type(a.atttypid, null) as type, a.atthasdef or a.attidentity <> '' as filled,
    coalesce(a.attnum = any (i.indkey), false) as key
  from pg_attribute a left join pg_index i on i.indrelid = a.attrelid and i.indisprimary
  where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum`

export async function readShape(client: pg.ClientBase, table: string): Promise<Shape> {
  const { rows } = await client.query<CatalogColumn>(COLUMNS, [table])
  const keys = rows.filter((column) => column.key)
  const [key] = keys
  const text = rows.find((column) => column.type === 'text' && !column.key)
  if (key === undefined || keys.length > 1 || text === undefined || !(key.type === 'uuid' || key.type === 'bigint')) {
    throw new Error(`${table} needs a primary key of one uuid or bigint column and a text column`)
  }
  return {
    table,
    key: key.name,
    keyType: key.type,
    text: text.name,
    sequence: rows.find(
      (column) => column.filled && !column.key && column.type === 'bigint' && column.name !== 'version',
    )?.name,
    version: rows.find((column) => column.name === 'version')?.name,
  }
}

/** Makes rows; no two calls, nor two writers, give the same key. */
export class Rows {
  readonly #shape: Shape
  readonly #random: Random
  readonly #writer: number
  #made = 0

  constructor(shape: Shape, random: Random, writer: number) {
    this.#shape = shape
    this.#random = random
    this.#writer = writer
  }

  /** @param explicit numbers below all that a sequence gives: old ids that come late. Needed where nothing returns keys. */
  make(count: number, explicit = this.#random.chance(0.2)): NewRow[] {
    return Array.from({ length: count }, () => {
      const old = String(-(++this.#made * 1000 + this.#writer))
      const numbered = this.#shape.sequence !== undefined && explicit
      return {
        key: this.#shape.keyType === 'uuid' ? this.#random.uuid() : explicit ? old : undefined,
        // Different lengths, so that freed space is re-used in other places.
        text: this.#random.hex(this.#random.chance(0.02) ? 3000 : this.#random.integer(1, 120)),
        number: numbered ? old : undefined,
      }
    })
  }
}

/** Column names and one array of values per column; all rows must be alike in what they leave out. */
export function columnsOf(
  shape: Shape,
  rows: readonly NewRow[],
): { name: string; type: string; values: (string | undefined)[] }[] {
  const columns = [
    { name: shape.key, type: shape.keyType, values: rows.map((row) => row.key) },
    { name: shape.text, type: 'text', values: rows.map((row) => row.text) },
    { name: shape.sequence ?? '', type: 'bigint', values: rows.map((row) => row.number) },
  ]
  return columns.filter((column) => column.values[0] !== undefined)
}

/** Inserts the rows with one statement and gives their keys. */
export async function insert(client: pg.ClientBase, shape: Shape, rows: readonly NewRow[]): Promise<string[]> {
  const columns = columnsOf(shape, rows)
  const source = columns.map((column, index) => `$${index + 1}::${column.type}[]`).join(', ')
  const sql = `insert into ${shape.table} (${columns.map((column) => column.name).join(', ')})
    select * from unnest(${source}) returning ${shape.key}::text as key`
  const result = await client.query<{ key: string }>(
    sql,
    columns.map((column) => column.values),
  )
  return result.rows.map((row) => row.key)
}

/** The same as one statement without parameters; the values are hexadecimal digits, uuids and numbers, so need no care. */
export function insertLiteral(shape: Shape, rows: readonly NewRow[]): string {
  const columns = columnsOf(shape, rows)
  const tuples = rows.map((_, row) => `(${columns.map((column) => `'${column.values[row]}'`).join(', ')})`)
  return `insert into ${shape.table} (${columns.map((column) => column.name).join(', ')}) values ${tuples.join(', ')}`
}
