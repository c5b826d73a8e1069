import { quoteQualified } from './identifiers.js'

/** What the catalog says of a column's type. A domain is given as the type below it. */
export interface TypeFacts {
  readonly oid: string
  readonly schema: string
  /** `pg_type.typname`: `int4`, `bpchar`, `_text`. */
  readonly name: string
  readonly kind: 'base' | 'enum' | 'composite' | 'range' | 'other'
  /** `atttypmod`, or the domain's; -1 when there is none. */
  readonly modifier: number
  /** `false` for a collation that takes different bytes for equal, and so cannot be hashed by bytes. */
  readonly deterministic: boolean
}

/**
 * Types whose values may be elements of an array parameter: their text as an element is their text as a value, and the
 * delimiter is a comma.
 */
const NATIVE = new Set(
  `bool int2 int4 int8 oid float4 float8 numeric text varchar bpchar name uuid bytea date time timetz timestamp timestamptz
   interval inet cidr macaddr macaddr8 bit varbit`.split(/\s+/),
)

/** SQL equality and equality of text are the same thing, on every server and in every column of the type. */
const HASHABLE = new Set(
  'bool int2 int4 int8 oid text varchar name uuid bytea date time timestamp timestamptz'.split(' '),
)

/** The same once they carry a length. */
const HASHABLE_WITH_MODIFIER = new Set(['bpchar'])

/** Types with one order on every server. Text is ordered by bytes (`COLLATE "C"`), so that servers agree. */
const ORDERED = new Set(
  'int2 int4 int8 oid float4 float8 numeric date time timestamp timestamptz interval uuid bytea xid8 pg_lsn text varchar name'.split(
    ' ',
  ),
)

const COLLATED = new Set(['text', 'varchar', 'name'])

/** How values travel as one array parameter: as elements of the type's own array, or each as its text. */
export function transportOf(type: TypeFacts): 'native' | 'text' {
  if (type.kind === 'enum') return 'native'
  return isBuiltIn(type) && NATIVE.has(type.name) ? 'native' : 'text'
}

/**
 * `false`: values that SQL takes for equal can differ in their text, so whether two rows are the same is a matter of the
 * text (the writer's conflicts). How digests hash a type is another question, which digest-sql.ts answers.
 */
export function isHashable(type: TypeFacts): boolean {
  if (!isBuiltIn(type) || !type.deterministic) return false
  return HASHABLE.has(type.name) || (HASHABLE_WITH_MODIFIER.has(type.name) && type.modifier !== -1)
}

/** Whether a greater value can mean a newer row. */
export function isOrdered(type: TypeFacts): boolean {
  return isBuiltIn(type) && ORDERED.has(type.name)
}

/** Whether comparing by order needs `COLLATE "C"`. */
export function isCollated(type: TypeFacts): boolean {
  return isBuiltIn(type) && COLLATED.has(type.name)
}

/**
 * The type for a cast, without its modifier: `"pg_catalog"."varchar"`. A cast to `varchar(3)` would cut a longer value in
 * silence; without the modifier the insert itself checks the length. Quoted, as `bit` and `char` mean `bit(1)`,
 * `char(1)` when they are not.
 */
export function castType(type: TypeFacts): string {
  return quoteQualified(type.schema, type.name)
}

function isBuiltIn(type: TypeFacts): boolean {
  return type.schema === 'pg_catalog'
}
