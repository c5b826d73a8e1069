import { createHash } from 'node:crypto'
import type { Bucket, BucketRows, Digest, DigestOptions, Row, Table, TableSchema } from '../../core/table.js'

const SCAN_ROWS = 1_000

interface StoredRow {
  readonly row: Row
  readonly keyHash: bigint
  readonly rowHash: bigint
}

/** A table of text rows with a key, digested and scanned as a database's would be. */
export class MemoryTable implements Table {
  readonly schema: TableSchema
  readonly label: string
  readonly hashing = 'memory: first 64 bits of sha256 over JSON'
  readonly #keyColumns: readonly number[]
  readonly #rows = new Map<string, StoredRow>()

  constructor(schema: TableSchema) {
    this.schema = schema
    this.label = `memory ${schema.name}`
    this.#keyColumns = schema.key.map((name) => schema.columns.findIndex((column) => column.name === name))
    if (this.#keyColumns.length === 0 || this.#keyColumns.includes(-1)) {
      throw new Error(`table ${schema.name}: the key must name columns of the table`)
    }
  }

  /** The rows, in the order in which their keys first came. */
  get rows(): readonly Row[] {
    return [...this.#rows.values()].map(({ row }) => row)
  }

  /** Inserts rows, or replaces those with the same keys. */
  put(...rows: readonly Row[]): void {
    for (const row of rows) {
      if (row.length !== this.schema.columns.length) throw new Error(`${this.label}: a row has too few or many values`)
      const key = encode(this.keyOf(row))
      this.#rows.set(key, { row, keyHash: hash(key), rowHash: hash(encode(row)) })
    }
  }

  /** Takes rows out by their keys (values in `schema.key` order). */
  remove(...keys: readonly Row[]): void {
    for (const key of keys) this.#rows.delete(encode(key))
  }

  keyOf(row: Row): Row {
    return this.#keyColumns.map((at) => row[at] ?? null)
  }

  async digests(
    within: readonly Bucket[],
    depth: number,
    { signal }: DigestOptions,
  ): Promise<ReadonlyMap<number, Digest>> {
    signal.throwIfAborted()
    const digests = new Map<number, Digest>()
    for (const { keyHash, rowHash } of this.#inside(within)) {
      const index = bucketOf(keyHash, depth)
      const known = digests.get(index) ?? { rows: 0n, sum: 0n }
      digests.set(index, { rows: known.rows + 1n, sum: known.sum + rowHash })
    }
    return digests
  }

  async *scan(within: readonly Bucket[], signal: AbortSignal): AsyncGenerator<readonly Row[]> {
    const rows = this.#inside(within).map(({ row }) => row)
    for (let start = 0; start < rows.length; start += SCAN_ROWS) {
      signal.throwIfAborted()
      yield rows.slice(start, start + SCAN_ROWS)
    }
  }

  async *scanInOrder(within: readonly Bucket[], signal: AbortSignal): AsyncGenerator<BucketRows> {
    const depth = within[0]?.depth ?? 0
    const found = this.#inside(within)
      .map(({ row, keyHash }) => ({ row, bucket: bucketOf(keyHash, depth) }))
      .sort((one, other) => one.bucket - other.bucket)
    for (let start = 0; start < found.length; start += SCAN_ROWS) {
      signal.throwIfAborted()
      const page = found.slice(start, start + SCAN_ROWS)
      yield { rows: page.map(({ row }) => row), buckets: page.map(({ bucket }) => bucket) }
    }
  }

  async lookup(keys: readonly Row[], signal: AbortSignal): Promise<readonly Row[]> {
    signal.throwIfAborted()
    const wanted = new Set(keys.map(encode))
    return [...wanted].flatMap((key) => {
      const found = this.#rows.get(key)
      return found === undefined ? [] : [found.row]
    })
  }

  #inside(within: readonly Bucket[]): readonly StoredRow[] {
    const wanted = new Map<number, Set<number>>()
    for (const { depth, index } of within) wanted.set(depth, (wanted.get(depth) ?? new Set()).add(index))
    return [...this.#rows.values()].filter(({ keyHash }) =>
      [...wanted].some(([depth, indexes]) => indexes.has(bucketOf(keyHash, depth))),
    )
  }
}

export function memoryTable(schema: TableSchema, rows: readonly Row[] = []): MemoryTable {
  const table = new MemoryTable(schema)
  table.put(...rows)
  return table
}

function bucketOf(keyHash: bigint, depth: number): number {
  return Number(keyHash >> BigInt(64 - depth))
}

function encode(values: Row): string {
  return JSON.stringify(values)
}

function hash(text: string): bigint {
  return createHash('sha256').update(text).digest().readBigUInt64BE()
}
