import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { parseArrayLiteral } from '../rows/array-literal.js'
import type { ResultField, Session } from '../session/session.js'
import { columnsFingerprint } from './fingerprint.js'
import { quoteIdentifier, quoteQualified, type TableName } from './identifiers.js'
import type { TypeFacts } from './types.js'

export interface CatalogRelation {
  readonly oid: string
  readonly schema: string
  readonly name: string
  /** `pg_class.relkind` */
  readonly kind: string
  readonly hasChildren: boolean
  /** Policies hide rows from this role. */
  readonly rowSecurity: boolean
  readonly fingerprint: string
}

export interface CatalogColumn {
  readonly name: string
  /** As `format_type` prints it. */
  readonly type: string
  readonly notNull: boolean
  readonly hasDefault: boolean
  readonly generated: boolean
  readonly identity: 'always' | 'default' | 'none'
  readonly facts: TypeFacts
}

export interface CatalogIndex {
  readonly name: string
  readonly columns: readonly string[]
  /** Why `ON CONFLICT` cannot rely on it; `undefined` when it can. */
  readonly unusable: string | undefined
}

const Relation = z.object({
  oid: z.string(),
  schema: z.string(),
  name: z.string(),
  kind: z.string(),
  has_children: z.boolean(),
  row_security: z.boolean(),
  fingerprint: z.string().nullable(),
})

/** `undefined`: there is no such relation, or this role may not see its schema. */
export async function readRelation(session: Session, name: TableName): Promise<CatalogRelation | undefined> {
  const quoted = name.schema === undefined ? quoteIdentifier(name.table) : quoteQualified(name.schema, name.table)
  const rows = await session.execute(sql`
    select c.oid::text as oid, n.nspname::text as schema, c.relname::text as name, c.relkind::text as kind,
      exists (select from pg_catalog.pg_inherits where inhparent = c.oid) as has_children,
      pg_catalog.row_security_active(c.oid) as row_security,
      ${columnsFingerprint(sql`c.oid`)} as fingerprint
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.oid = pg_catalog.to_regclass(${quoted})`)
  const [row] = z.array(Relation).parse(rows)
  if (row === undefined) return undefined
  const { has_children: hasChildren, row_security: rowSecurity, fingerprint, ...rest } = row
  return { ...rest, hasChildren, rowSecurity, fingerprint: fingerprint ?? '' }
}

const Named = z.object({ name: z.string() })

/** Every table that could have been meant, as `schema.name`. */
export async function readTableNames(session: Session): Promise<readonly string[]> {
  const rows = await session.execute(sql`
    select n.nspname || '.' || c.relname as name
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    order by 1 limit 10000`)
  return z
    .array(Named)
    .parse(rows)
    .map((row) => row.name)
}

const Attribute = z.object({
  name: z.string(),
  type: z.string(),
  not_null: z.boolean(),
  has_default: z.boolean(),
  generated: z.boolean(),
  identity: z.string(),
  type_oid: z.string(),
  type_schema: z.string(),
  type_name: z.string(),
  type_kind: z.string(),
  modifier: z.string(),
  deterministic: z.boolean(),
})

/** All columns in the table's order, generated ones too. A domain's facts are those of the type below it. */
export async function readColumns(session: Session, relation: string): Promise<readonly CatalogColumn[]> {
  const rows = await session.execute(sql`
    select a.attname::text as name, pg_catalog.format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as not_null,
      a.atthasdef or a.attidentity <> '' as has_default, a.attgenerated <> '' as generated, a.attidentity::text as identity,
      b.oid::text as type_oid, n.nspname::text as type_schema, b.typname::text as type_name, b.typtype::text as type_kind,
      b.modifier::text as modifier, coalesce(c.collisdeterministic, true) as deterministic
    from pg_catalog.pg_attribute a
    cross join lateral (
      with recursive base as (
        select t.oid, t.typname, t.typnamespace, t.typtype, t.typbasetype, t.typtypmod, a.atttypmod as modifier
        from pg_catalog.pg_type t where t.oid = a.atttypid
        union all
        select t.oid, t.typname, t.typnamespace, t.typtype, t.typbasetype, t.typtypmod, base.typtypmod
        from base join pg_catalog.pg_type t on t.oid = base.typbasetype
        where base.typtype = 'd'
      )
      select * from base where typtype <> 'd'
    ) b
    join pg_catalog.pg_namespace n on n.oid = b.typnamespace
    left join pg_catalog.pg_collation c on c.oid = a.attcollation
    where a.attrelid = ${relation}::oid and a.attnum > 0 and not a.attisdropped
    order by a.attnum`)
  return z.array(Attribute).parse(rows).map(toColumn)
}

const Typed = Attribute.pick({
  type: true,
  type_oid: true,
  type_schema: true,
  type_name: true,
  type_kind: true,
  modifier: true,
})

/** The types of a result's columns, in their order. Which collation a text has the server does not say. */
export async function readTypes(
  session: Session,
  fields: readonly ResultField[],
): Promise<readonly Pick<CatalogColumn, 'type' | 'facts'>[]> {
  const list = (values: readonly number[]): string => `{${values.join(',')}}`
  const rows = await session.execute(sql`
    select pg_catalog.format_type(a.type, a.modifier) as type, b.oid::text as type_oid, n.nspname::text as type_schema,
      b.typname::text as type_name, b.typtype::text as type_kind, b.modifier::text as modifier
    from unnest(${list(fields.map(({ typeOid }) => typeOid))}::oid[], ${list(fields.map(({ modifier }) => modifier))}::int4[])
      with ordinality a(type, modifier, place)
    cross join lateral (
      with recursive base as (
        select t.oid, t.typname, t.typnamespace, t.typtype, t.typbasetype, t.typtypmod, a.modifier
        from pg_catalog.pg_type t where t.oid = a.type
        union all
        select t.oid, t.typname, t.typnamespace, t.typtype, t.typbasetype, t.typtypmod, base.typtypmod
        from base join pg_catalog.pg_type t on t.oid = base.typbasetype
        where base.typtype = 'd'
      )
      select * from base where typtype <> 'd'
    ) b
    join pg_catalog.pg_namespace n on n.oid = b.typnamespace
    order by a.place`)
  return z
    .array(Typed)
    .parse(rows)
    .map((row) => ({ type: row.type, facts: factsOf({ ...row, deterministic: false }) }))
}

function factsOf(
  row: Omit<z.infer<typeof Attribute>, 'name' | 'not_null' | 'has_default' | 'generated' | 'identity' | 'type'>,
): TypeFacts {
  return {
    oid: row.type_oid,
    schema: row.type_schema,
    name: row.type_name,
    kind: KIND.get(row.type_kind) ?? 'other',
    modifier: Number(row.modifier),
    deterministic: row.deterministic,
  }
}

function toColumn(row: z.infer<typeof Attribute>): CatalogColumn {
  return {
    name: row.name,
    type: row.type,
    notNull: row.not_null,
    hasDefault: row.has_default,
    generated: row.generated,
    identity: IDENTITY.get(row.identity) ?? 'none',
    facts: factsOf(row),
  }
}

const IDENTITY: ReadonlyMap<string, 'always' | 'default'> = new Map([
  ['a', 'always'],
  ['d', 'default'],
])

const KIND: ReadonlyMap<string, TypeFacts['kind']> = new Map([
  ['b', 'base'],
  ['e', 'enum'],
  ['c', 'composite'],
  ['r', 'range'],
  ['m', 'range'],
])

const Index = z.object({
  name: z.string(),
  columns: z.string().nullable(),
  valid: z.boolean(),
  immediate: z.boolean(),
  partial: z.boolean(),
  expressions: z.boolean(),
  exclusion: z.boolean(),
})

/** The unique indexes, the primary key first, then the oldest. */
export async function readUniqueIndexes(session: Session, relation: string): Promise<readonly CatalogIndex[]> {
  const rows = await session.execute(sql`
    select c.relname::text as name, i.indisvalid as valid, i.indimmediate as immediate, i.indpred is not null as partial,
      i.indexprs is not null as expressions, i.indisexclusion as exclusion,
      (select array_agg(a.attname order by k.place)::text
       from unnest(i.indkey::int2[]) with ordinality k(number, place)
       join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
       where k.place <= i.indnkeyatts) as columns
    from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
    where i.indrelid = ${relation}::oid and i.indisunique
    order by i.indisprimary desc, i.indexrelid`)
  return z
    .array(Index)
    .parse(rows)
    .map((row) => ({
      name: row.name,
      columns: parseArrayLiteral(row.columns ?? '{}').filter((name) => name !== null),
      unusable: flaw(row),
    }))
}

function flaw(index: z.infer<typeof Index>): string | undefined {
  if (!index.valid) return 'it is not valid: its creation failed; drop it'
  if (!index.immediate) return 'it is deferrable'
  if (index.partial) return 'it has a WHERE clause'
  if (index.expressions) return 'it is on an expression'
  if (index.exclusion) return 'it is WITHOUT OVERLAPS'
  return undefined
}
