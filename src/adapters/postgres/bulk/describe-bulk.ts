import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { ConfigError } from '../../../core/errors.js'
import { quoteQualified, type TableName } from '../catalog/identifiers.js'
import type { ExecuteOptions, Session } from '../session/session.js'
import { neverRepeats, type RandomColumn } from './random-column.js'
import { valueType } from './random-values.js'

/** Where a bulk table lives. */
export interface BulkPlace {
  readonly session: Session
  /** The label of the database, without credentials. */
  readonly label: string
  readonly table: TableName
}

/** A table as random rows are made for it. */
export interface BulkShape {
  /** Unquoted, with its schema. */
  readonly name: string
  /** Quoted, as SQL. */
  readonly qualified: string
  readonly columns: readonly RandomColumn[]
  /** A unique index over filled columns of which none is wide enough to never hold the same value twice. */
  readonly mayCollide: boolean
}

const CatalogColumn = z.object({
  number: z.number(),
  name: z.string(),
  sqlType: z.string(),
  type: z.string(),
  modifier: z.number(),
  labels: z.array(z.string()),
  array: z.boolean(),
  domain: z.boolean(),
  nullable: z.boolean(),
  filled: z.boolean(),
  generated: z.boolean(),
  reference: z.string().nullable(),
})
type CatalogColumn = z.infer<typeof CatalogColumn>

const CatalogTable = z.object({
  schema: z.string(),
  name: z.string(),
  kind: z.string(),
  columns: z.array(CatalogColumn).nullable(),
  /** Column numbers of each unique index. */
  unique: z.array(z.array(z.number())).nullable(),
})
type CatalogTable = z.infer<typeof CatalogTable>

/** Reads what random rows need: domains and arrays are followed down to the type that makes the values. */
export async function describeBulk({ session, label, table }: BulkPlace, options: ExecuteOptions): Promise<BulkShape> {
  const shown = table.schema === undefined ? table.table : `${table.schema}.${table.table}`
  const [row] = await session.execute<{ described: unknown }>(catalogQuery(table), options)
  if (typeof row?.described !== 'string') throw missing(shown, label)
  const found = CatalogTable.parse(JSON.parse(row.described))
  if (!['r', 'p'].includes(found.kind)) throw notATable(shown)
  const columns = filledColumns(found)
  for (const column of columns) refuseUnmakeable(column, `${found.schema}.${found.name}`)
  return {
    name: `${found.schema}.${found.name}`,
    qualified: quoteQualified(found.schema, found.name),
    columns,
    mayCollide: mayCollide(found.unique ?? [], columns),
  }
}

/**
 * The columns an insert must carry. What the database fills by itself is left to it, unless it fills every column: then
 * those that an insert may set are carried, as an insert needs one.
 */
function filledColumns(table: CatalogTable): readonly CatalogColumn[] {
  const settable = (table.columns ?? []).filter((column) => !column.generated)
  const bare = settable.filter((column) => !column.filled)
  const columns = (bare.length > 0 ? bare : settable).map((column) =>
    column.reference !== null && column.nullable ? { ...column, type: 'null', labels: [] } : column,
  )
  if (columns.length > 0) return columns
  throw new ConfigError({
    code: 'load-no-columns',
    key: `${table.schema}.${table.name}`,
    message: 'the database makes every column of this table itself',
    fix: 'load a table that has a column to fill',
  })
}

function refuseUnmakeable(column: CatalogColumn, table: string): void {
  const key = `${table}.${column.name}`
  if (column.nullable) return
  if (column.reference !== null) {
    throw new ConfigError({
      code: 'load-foreign-key',
      key,
      message: `refers to ${column.reference}; random values would point nowhere`,
      fix: `load ${column.reference} instead, or a copy of this table without its foreign key`,
    })
  }
  if (valueType(column) !== undefined) return
  throw new ConfigError({
    code: 'load-type-unknown',
    key,
    message: `no random values can be made for the type ${column.sqlType}`,
    fix: 'give the column a default or let it be NULL; load then leaves it to the database',
  })
}

function mayCollide(unique: readonly (readonly number[])[], columns: readonly CatalogColumn[]): boolean {
  const byNumber = new Map(columns.map((column) => [column.number, column]))
  return unique.some((index) =>
    index.every((number) => {
      const column = byNumber.get(number)
      return column !== undefined && !neverRepeats(column)
    }),
  )
}

function missing(name: string, database: string): ConfigError {
  return new ConfigError({
    code: 'table-missing',
    key: name,
    message: `there is no such table in ${database}`,
    fix: 'check the name and its schema, and that the role of the URL may see it; names keep upper and lower case',
  })
}

function notATable(name: string): ConfigError {
  return new ConfigError({
    code: 'table-kind',
    key: name,
    message: 'is no table (a view, a foreign table or a sequence)',
    fix: 'name a table',
  })
}

/** One JSON document: the adapter's parsers leave arrays and numbers as text, JSON has its own. */
const catalogQuery = (table: TableName) => sql`
  with recursive target as (
    select c.oid, n.nspname, c.relname, c.relkind
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relname = ${table.table}
      and (n.nspname = ${table.schema ?? null} or (${table.schema ?? null}::text is null and pg_catalog.pg_table_is_visible(c.oid)))
  ), resolved as (
    select a.attnum, a.atttypid as type, a.atttypmod as modifier, false as is_array, false as is_domain, a.attnotnull as required
    from pg_catalog.pg_attribute a join target on target.oid = a.attrelid
    where a.attnum > 0 and not a.attisdropped
    union all
    select r.attnum,
      case t.typtype when 'd' then t.typbasetype else t.typelem end,
      case when t.typtype = 'd' and r.modifier = -1 then t.typtypmod else r.modifier end,
      r.is_array or t.typtype <> 'd',
      r.is_domain or t.typtype = 'd',
      r.required or (t.typtype = 'd' and t.typnotnull and not r.is_array)
    from resolved r join pg_catalog.pg_type t on t.oid = r.type
    where t.typtype = 'd' or (t.typcategory = 'A' and t.typelem <> 0)
  ), columns as (
    select json_agg(json_build_object(
      'number', a.attnum,
      'name', a.attname,
      'sqlType', pg_catalog.format_type(a.atttypid, a.atttypmod),
      'type', t.typname,
      'modifier', r.modifier,
      'labels', (select coalesce(json_agg(e.enumlabel order by e.enumsortorder), '[]'::json)
        from pg_catalog.pg_enum e where e.enumtypid = t.oid),
      'array', r.is_array,
      'domain', r.is_domain,
      'nullable', not r.required,
      'filled', a.atthasdef or a.attidentity <> '' or domain.typdefaultbin is not null,
      'generated', a.attgenerated <> '' or a.attidentity = 'a',
      'reference', (select f.confrelid::regclass::text from pg_catalog.pg_constraint f
        where f.conrelid = a.attrelid and f.contype = 'f' and a.attnum = any (f.conkey) limit 1)
    ) order by a.attnum) as described
    from resolved r
    join pg_catalog.pg_type t on t.oid = r.type and t.typtype <> 'd' and not (t.typcategory = 'A' and t.typelem <> 0)
    join target on true
    join pg_catalog.pg_attribute a on a.attrelid = target.oid and a.attnum = r.attnum
    join pg_catalog.pg_type domain on domain.oid = a.atttypid
  ), uniques as (
    select json_agg((pg_catalog.string_to_array(i.indkey::text, ' ')::int[])[1:i.indnkeyatts]) as described
    from pg_catalog.pg_index i join target on target.oid = i.indrelid
    where i.indisunique
  )
  select json_build_object('schema', nspname, 'name', relname, 'kind', relkind,
    'columns', columns.described, 'unique', uniques.described)::text as described
  from target, columns, uniques limit 1`
