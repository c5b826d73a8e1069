import { ConfigError } from '../core/errors.js'
import type { Bucket, BucketRows, Digest, DigestOptions, Row, Table, TableSchema } from '../core/table.js'

/**
 * Checks that two tables can be compared by digests: the same columns by name, the same key, values hashed alike.
 * Throws a `ConfigError` that names each column that is in the way. `key` is the place in the config to blame.
 */
export function assertComparable(left: Table, right: Table, key: string): void {
  const problems = schemaDifferences(left.schema, right.schema)
  if (problems.length === 0 && left.hashing !== right.hashing)
    problems.push(...typeDifferences(left.schema, right.schema))
  if (problems.length === 0) return
  throw new ConfigError({
    code: 'tables-not-comparable',
    key,
    message: `${left.label} and ${right.label} cannot be compared: ${problems.join('; ')}`,
    fix: 'make the columns alike, or leave them out on both sides with the table option ignore',
  })
}

/** Columns or keys that only one of the tables has, in words; empty when they have the same. */
export function schemaDifferences(left: TableSchema, right: TableSchema): string[] {
  const problems = [...onlyIn(left, right, 'left'), ...onlyIn(right, left, 'right')]
  const keys = [left.key, right.key].map((names) => [...names].sort().join(', '))
  if (problems.length === 0 && keys[0] !== keys[1]) problems.push(`the key is (${keys[0]}) left and (${keys[1]}) right`)
  return problems
}

function onlyIn(one: TableSchema, other: TableSchema, side: string): string[] {
  const names = new Set(other.columns.map((column) => column.name))
  const missing = one.columns.filter((column) => !names.has(column.name))
  return missing.map((column) => `column ${column.name} is only on the ${side}`)
}

function typeDifferences(left: TableSchema, right: TableSchema): string[] {
  const types = new Map(right.columns.map((column) => [column.name, column.type]))
  const differing = left.columns.filter((column) => types.get(column.name) !== column.type)
  if (differing.length === 0) return ['their values are hashed in different ways; run the same version on both']
  return differing.map((column) => `column ${column.name} is ${column.type} left and ${types.get(column.name)} right`)
}

/** `table` with its columns and its key in the order of `schema`; `table` itself when they already are. */
export function aligned(table: Table, schema: TableSchema): Table {
  const columns = placesOf(schema.columns, table.schema.columns)
  const key = placesOf(
    table.schema.key.map((name) => ({ name })),
    schema.key.map((name) => ({ name })),
  )
  return isIdentity(columns) && isIdentity(key) ? table : new AlignedTable(table, schema, { columns, key })
}

class AlignedTable implements Table {
  readonly schema: TableSchema
  readonly label: string
  readonly hashing: string
  readonly #table: Table
  readonly #places: { readonly columns: readonly number[]; readonly key: readonly number[] }

  constructor(table: Table, schema: TableSchema, places: { columns: readonly number[]; key: readonly number[] }) {
    this.schema = schema
    this.label = table.label
    this.hashing = table.hashing
    this.#table = table
    this.#places = places
  }

  async digests(
    within: readonly Bucket[],
    depth: number,
    options: DigestOptions,
  ): Promise<ReadonlyMap<number, Digest>> {
    return this.#table.digests(within, depth, options)
  }

  async *scan(within: readonly Bucket[], signal: AbortSignal): AsyncGenerator<readonly Row[]> {
    for await (const page of this.#table.scan(within, signal)) yield page.map((row) => pick(row, this.#places.columns))
  }

  async *scanInOrder(within: readonly Bucket[], signal: AbortSignal): AsyncGenerator<BucketRows> {
    for await (const { rows, buckets } of this.#table.scanInOrder(within, signal)) {
      yield { rows: rows.map((row) => pick(row, this.#places.columns)), buckets }
    }
  }

  async lookup(keys: readonly Row[], signal: AbortSignal): Promise<readonly Row[]> {
    const asked = keys.map((key) => pick(key, this.#places.key))
    return (await this.#table.lookup(asked, signal)).map((row) => pick(row, this.#places.columns))
  }
}

interface Named {
  readonly name: string
}

/** For each of `wanted`, where it is in `given`. */
function placesOf(wanted: readonly Named[], given: readonly Named[]): readonly number[] {
  return wanted.map(({ name }) => given.findIndex((candidate) => candidate.name === name))
}

function isIdentity(places: readonly number[]): boolean {
  return places.every((place, index) => place === index)
}

function pick(row: Row, places: readonly number[]): Row {
  return places.map((place) => row[place] ?? null)
}
