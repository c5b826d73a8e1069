import { type SQL, sql } from 'drizzle-orm'
import type { Bucket } from '../../../core/table.js'
import type { PostgresColumn, PostgresTableInfo } from '../catalog/catalog.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import type { TypeFacts } from '../catalog/types.js'
import type { RowForm } from './row-form.js'

/**
 * How a value becomes 64 bits. PostgreSQL's own hash of a type is used only where equal hashes mean equal text: its
 * `int8` hash is the same for -1 and 4294967295, its `numeric` hash ignores the sign, an enum's is its OID, and 0 and -0
 * or 1.0 and 1.00 are one (docs/decisions/0007-nonlinear-digest.md). Two columns are comparable when theirs are equal.
 */
type Treatment = 'integer' | 'boolean' | 'uuid' | 'text' | 'bytea' | 'date' | 'numeric' | BinaryTreatment
type BinaryTreatment = 'float4' | 'float8' | 'timestamp' | 'timestamptz' | 'time' | 'timetz' | 'interval'

const TREATMENTS: Readonly<Record<string, Treatment>> = {
  int2: 'integer',
  int4: 'integer',
  int8: 'integer',
  oid: 'integer',
  bool: 'boolean',
  uuid: 'uuid',
  bytea: 'bytea',
  date: 'date',
  numeric: 'numeric',
  float4: 'float4',
  float8: 'float8',
  timestamp: 'timestamp',
  timestamptz: 'timestamptz',
  time: 'time',
  timetz: 'timetz',
  interval: 'interval',
}

/** The binary form of these holds every bit of the value, the scale of a numeric included. */
const BINARY_FORM: Readonly<Record<BinaryTreatment | 'numeric', string>> = {
  numeric: 'numeric_send',
  float4: 'float4send',
  float8: 'float8send',
  timestamp: 'timestamp_send',
  timestamptz: 'timestamptz_send',
  time: 'time_send',
  timetz: 'timetz_send',
  interval: 'interval_send',
}

export function treatmentOf(facts: TypeFacts): Treatment {
  const known = facts.schema === 'pg_catalog' && Object.hasOwn(TREATMENTS, facts.name)
  return (known ? TREATMENTS[facts.name] : undefined) ?? 'text'
}

/** The form of hashing, its version, and what each column's value is hashed as; the key decides the buckets. */
export function hashingOf(info: PostgresTableInfo): string {
  const columns = byName(info.columns).map((column) => `${quoteIdentifier(column.name)} ${treatmentOf(column.facts)}`)
  const key = byName(info.keyColumns).map((column) => quoteIdentifier(column.name))
  return `postgres/v1 (${columns.join(', ')}) by (${key.join(', ')})`
}

/**
 * The 64-bit hash of a row. The columns' hashes are xored and then mixed once more, so that a sum over rows depends on
 * which values stand in one row together: without it two rows that have swapped a value leave the sum as it was.
 */
export function rowHash(info: PostgresTableInfo): string {
  return mixed(info, info.columns)
}

/** The 64-bit hash of a row's key; its highest bits are the bucket. */
export function keyHash(info: PostgresTableInfo): string {
  return mixed(info, info.keyColumns)
}

/** The index of the row's bucket among 2^depth. */
export function bucketIndex(info: PostgresTableInfo, depth: number): string {
  return depth === 0 ? '0' : `((${keyHash(info)} >> ${64 - depth}) & ${2 ** depth - 1})::int4`
}

/** A condition that holds for the rows in one of the buckets. */
export function inBuckets(form: Pick<RowForm, 'bucketIndex'>, within: readonly Bucket[]): SQL {
  const depths = byDepth(within)
  if (depths.has(0)) return sql`true`
  const parts = [...depths].map(
    // Literals rather than a parameter, as PostgreSQL looks a value up by hash only in a constant array.
    ([depth, indexes]) => `${form.bucketIndex(depth)} = any ('{${indexes.join(',')}}'::int4[])`,
  )
  return parts.length === 0 ? sql`false` : sql.raw(`(${parts.join(' or ')})`)
}

function byDepth(within: readonly Bucket[]): ReadonlyMap<number, number[]> {
  const depths = new Map<number, number[]>()
  for (const { depth, index } of within) {
    if (!Number.isInteger(depth) || !Number.isInteger(index)) throw new RangeError('a bucket is two whole numbers')
    const indexes = depths.get(depth)
    if (indexes === undefined) depths.set(depth, [index])
    else indexes.push(index)
  }
  return depths
}

function mixed(info: PostgresTableInfo, columns: readonly PostgresColumn[]): string {
  // Seeds go by name, as the two tables may have their columns in different orders.
  const seeds = new Map(byName(info.columns).map((column, index) => [column.name, index + 1]))
  const sorted = byName(columns)
  const named = sorted.flatMap((column) => namedHash(column, seeds.get(column.name) ?? 0) ?? [])
  const fields = sorted.flatMap((column) => recordField(column) ?? [])
  const record = fields.length === 0 ? [] : [`pg_catalog.hash_record_extended(row(${fields.join(', ')}), 0)`]
  return `pg_catalog.hashint4extended(0, ${[...named, ...record].join(' # ')})`
}

/** For types with a hash function of a name of its own. The seed makes equal values of two columns differ; NULL is 0. */
function namedHash(column: PostgresColumn, seed: number): string | undefined {
  const hash = hashCall(quoteIdentifier(column.name), treatmentOf(column.facts), seed)
  return column.nullable && hash !== undefined ? `coalesce(${hash}, 0)` : hash
}

function hashCall(value: string, treatment: Treatment, seed: number): string | undefined {
  switch (treatment) {
    case 'integer':
      // The value as the seed: seeds have 64 bits, while the hash of an int8 folds it to 32 first.
      return `pg_catalog.hashint4extended(${seed}, ${value}::int8)`
    case 'boolean':
      return `pg_catalog.hashint4extended(${value}::int4, ${seed})`
    case 'uuid':
      return `pg_catalog.uuid_hash_extended(${value}, ${seed})`
    case 'text':
      return `pg_catalog.hashtextextended(${value}::text collate "C", ${seed})`
    default:
      return undefined
  }
}

/** The other types are hashed as fields of one record, which costs much less than a record for each. */
function recordField(column: PostgresColumn): string | undefined {
  const treatment = treatmentOf(column.facts)
  const value = quoteIdentifier(column.name)
  switch (treatment) {
    case 'integer':
    case 'boolean':
    case 'uuid':
    case 'text':
      return undefined
    case 'bytea':
    case 'date':
      return value
    default:
      return `pg_catalog.${BINARY_FORM[treatment]}(${value})`
  }
}

function byName<Named extends { readonly name: string }>(columns: readonly Named[]): readonly Named[] {
  return [...columns].sort((a, b) => (a.name < b.name ? -1 : 1))
}
