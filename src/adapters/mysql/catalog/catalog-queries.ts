import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Session } from '../session/session.js'

export interface CatalogTable {
  readonly schema: string
  readonly name: string
  /** `BASE TABLE`, `VIEW`, ... */
  readonly kind: string
  readonly engine: string
}

export interface MysqlColumn {
  readonly name: string
  /** As the server prints it: `decimal(20,0) unsigned`. */
  readonly type: string
  /** The same without length and sign: `decimal`. */
  readonly dataType: string
  readonly nullable: boolean
  readonly hasDefault: boolean
  readonly generated: boolean
  readonly autoIncrement: boolean
  /** The server sets it anew with each change of the row that does not set it. */
  readonly onUpdate: boolean
  /** Of texts only. */
  readonly collation: string | undefined
  /** Digits after the point, of decimals; of the second, of times. */
  readonly scale: number
}

export interface UniqueIndex {
  readonly name: string
  readonly columns: readonly string[]
  /** It covers whole columns only: no prefixes, no expressions. */
  readonly whole: boolean
}

/** A foreign key of the table, to a table named `schema.table`. */
export interface ForeignKey {
  readonly parent: string
}

const Tables = z.array(
  z.object({ schema: z.string(), name: z.string(), kind: z.string(), engine: z.string().nullable() }),
)

/** `undefined`: there is no such table, or this user has no right on it. */
export async function readTable(session: Session, schema: string, table: string): Promise<CatalogTable | undefined> {
  const rows = await session.execute(sql`
    select table_schema as ${sql.raw('`schema`')}, table_name as name, table_type as kind, engine as engine
    from information_schema.tables where table_schema = ${schema} and table_name = ${table}`)
  const [row] = Tables.parse(rows)
  return row === undefined ? undefined : { ...row, engine: row.engine ?? '' }
}

const Names = z.array(z.object({ name: z.string() }))

export async function readTableNames(session: Session, schema: string): Promise<readonly string[]> {
  const rows = await session.execute(sql`
    select table_name as name from information_schema.tables where table_schema = ${schema} order by 1 limit 10000`)
  return Names.parse(rows).map(({ name }) => name)
}

const Columns = z.array(
  z.object({
    name: z.string(),
    type: z.string(),
    data_type: z.string(),
    nullable: z.string(),
    column_default: z.string().nullable(),
    extra: z.string(),
    generation: z.string().nullable(),
    collation: z.string().nullable(),
    scale: z.coerce.number().nullable(),
    fraction: z.coerce.number().nullable(),
  }),
)

export async function readColumns(session: Session, { schema, name }: CatalogTable): Promise<readonly MysqlColumn[]> {
  const rows = await session.execute(sql`
    select column_name as name, column_type as type, data_type as data_type, is_nullable as nullable,
      column_default as column_default, extra as extra, generation_expression as generation,
      collation_name as collation, numeric_scale as scale, datetime_precision as fraction
    from information_schema.columns where table_schema = ${schema} and table_name = ${name} order by ordinal_position`)
  return Columns.parse(rows).map((row) => ({
    name: row.name,
    type: row.type,
    dataType: row.data_type.toLowerCase(),
    nullable: row.nullable === 'YES',
    hasDefault:
      row.column_default !== null || row.nullable === 'YES' || /auto_increment|DEFAULT_GENERATED/i.test(row.extra),
    generated: row.generation !== null && row.generation !== '',
    autoIncrement: /auto_increment/i.test(row.extra),
    onUpdate: /on update/i.test(row.extra),
    collation: row.collation ?? undefined,
    scale: row.scale ?? row.fraction ?? 0,
  }))
}

const Indexes = z.array(
  z.object({ name: z.string(), column: z.string().nullable(), prefix: z.coerce.number().nullable() }),
)

/** The unique indexes, the primary key first. */
export async function readUniqueIndexes(session: Session, table: CatalogTable): Promise<readonly UniqueIndex[]> {
  const rows = await session.execute(sql`
    select index_name as name, column_name as ${sql.raw('`column`')}, sub_part as prefix from information_schema.statistics
    where table_schema = ${table.schema} and table_name = ${table.name} and non_unique = 0
    order by index_name <> 'PRIMARY', index_name, seq_in_index`)
  const indexes = new Map<string, { name: string; columns: string[]; whole: boolean }>()
  for (const { name, column, prefix } of Indexes.parse(rows)) {
    const index = indexes.get(name) ?? { name, columns: [], whole: true }
    indexes.set(name, index)
    // An expression has no column.
    if (column === null || prefix !== null) index.whole = false
    if (column !== null) index.columns.push(column)
  }
  return [...indexes.values()]
}

const Parents = z.array(z.object({ parent: z.string() }))

export async function readForeignKeys(session: Session, table: CatalogTable): Promise<readonly ForeignKey[]> {
  const rows = await session.execute(sql`
    select distinct concat(referenced_table_schema, '.', referenced_table_name) as parent
    from information_schema.key_column_usage
    where table_schema = ${table.schema} and table_name = ${table.name} and referenced_table_name is not null`)
  return Parents.parse(rows)
}
