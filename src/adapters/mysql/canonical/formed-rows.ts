import type { Form, FormedColumn } from '../../../core/canonical.js'
import type { Bucket } from '../../../core/table.js'
import type { Identity, Ranged } from '../catalog/catalog.js'
import type { MysqlColumn } from '../catalog/catalog-queries.js'
import { formedValue, hashedValue } from './expression.js'

/** A column and what its values are given as. */
export interface Formed {
  readonly column: MysqlColumn
  readonly as: string
  readonly form: Form
}

/** SQL of a table's rows in canonical form. */
export interface FormedRows {
  /** To be followed by an alias. */
  readonly source: string
  readonly ranged?: Ranged | undefined
  readonly identity: Identity
  readonly columns: readonly Formed[]
  readonly key: readonly Formed[]
}

export function formed(columns: readonly FormedColumn[], known: readonly MysqlColumn[]): readonly Formed[] {
  return columns.flatMap(({ name, as, form }) =>
    known.filter((column) => column.name === name).map((column) => ({ column, as, form })),
  )
}

/** What a row without a hash adds to the sum: more than all hashes of any table. */
export const NO_HASH = 10n ** 40n

/**
 * The hash of a row. The server gives NULL for a text that is longer than its `max_allowed_packet`, and sums leave NULLs
 * out, so such a row is made to show.
 */
export function rowHash({ columns }: FormedRows): string {
  return `coalesce(cast(conv(left(md5(${hashedText(columns)}), 16), 16, -10) as signed), ${NO_HASH})`
}

/** What tells keys apart as they are compared. */
export function keyDigest({ key }: FormedRows): string {
  return `md5(${hashedText(key)})`
}

/** The index of the row's bucket among 2^depth. */
export function bucketIndex({ key }: FormedRows, depth: number): string {
  return depth === 0 ? '0' : `(cast(conv(left(md5(${hashedText(key)}), 6), 16, 10) as unsigned) >> ${24 - depth})`
}

/** A condition that holds for the rows in one of the buckets. */
export function inBuckets(rows: FormedRows, within: readonly Bucket[]): string {
  const depths = new Map<number, number[]>()
  for (const { depth, index } of within) {
    if (!Number.isInteger(depth) || !Number.isInteger(index)) throw new RangeError('a bucket is two whole numbers')
    const indexes = depths.get(depth)
    if (indexes === undefined) depths.set(depth, [index])
    else indexes.push(index)
  }
  if (depths.has(0)) return 'true'
  const parts = [...depths].map(([depth, indexes]) => `${bucketIndex(rows, depth)} in (${indexes.join(',')})`)
  return parts.length === 0 ? 'false' : `(${parts.join(' or ')})`
}

/** `c0`, `c1`, ... */
export function selectList({ columns }: FormedRows): string {
  return columns.map(({ column, form }, at) => `${formedValue(column, form)} as c${at}`).join(', ')
}

function hashedText(columns: readonly Formed[]): string {
  return `concat(${columns.map(({ column, form }) => hashedValue(column, form)).join(', ')})`
}
