import { DigestSums } from '../core/digest-sums.js'
import { ConfigError } from '../core/errors.js'
import type { Bucket, BucketRows, Digest, DigestOptions, Row, Table, TableSchema } from '../core/table.js'
import { aligned, schemaDifferences } from './comparable.js'

/**
 * Tables that together are one, each in a place of its own, such as the shards of a table. Columns and their order are
 * the first one's. Nothing is known of which has a key: each is asked for all, at once.
 *
 * Throws `ConfigError` when they do not have the same columns, key and way of hashing. `key` is the place in the config to
 * blame. One of them alone is given back as it is.
 */
export function union([first, ...others]: readonly [Table, ...Table[]], key: string): Table {
  for (const other of others) {
    const alike = schemaDifferences(first.schema, other.schema).length === 0 && first.hashing === other.hashing
    if (!alike) throw notAlike(first, other, key)
  }
  return others.length === 0 ? first : new UnionTable([first, ...others.map((other) => aligned(other, first.schema))])
}

class UnionTable implements Table {
  readonly schema: TableSchema
  readonly label: string
  readonly hashing: string
  readonly #tables: readonly [Table, ...Table[]]

  constructor(tables: readonly [Table, ...Table[]]) {
    this.#tables = tables
    this.schema = tables[0].schema
    this.hashing = tables[0].hashing
    this.label = unionLabel(tables)
  }

  async digests(
    within: readonly Bucket[],
    depth: number,
    { signal, told, ...options }: DigestOptions,
  ): Promise<ReadonlyMap<number, Digest>> {
    const tellers = sharesOf(this.#tables.length, told)
    const parts = await together(signal, (ended) =>
      this.#tables.map((table, at) => table.digests(within, depth, { ...options, signal: ended, told: tellers[at] })),
    )
    const sums = new DigestSums()
    for (const part of parts) sums.add(part)
    return sums.all
  }

  async *scan(within: readonly Bucket[], signal: AbortSignal): AsyncGenerator<readonly Row[]> {
    for (const table of this.#tables) yield* table.scan(within, signal)
  }

  async *scanInOrder(within: readonly Bucket[], signal: AbortSignal): AsyncGenerator<BucketRows> {
    const ending = new AbortController()
    const ended = AbortSignal.any([signal, ending.signal])
    const readings = this.#tables.map((table) => new Reading(table.scanInOrder(within, ended)))
    try {
      for (;;) {
        // All at once: each may have to sort before its first row comes.
        await Promise.all(readings.map((reading) => reading.fill()))
        const open = readings.filter((reading) => !reading.ended)
        if (open.length === 0) return
        const until = Math.min(...open.map((reading) => reading.last))
        const page = merged(open.map((reading) => reading.take(until)))
        if (page.rows.length > 0) yield page
      }
    } finally {
      ending.abort()
      await Promise.allSettled(readings.map((reading) => reading.close()))
    }
  }

  async lookup(keys: readonly Row[], signal: AbortSignal): Promise<readonly Row[]> {
    const parts = await together(signal, (ended) => this.#tables.map((table) => table.lookup(keys, ended)))
    return parts.flat()
  }
}

interface Part {
  readonly label: string
  readonly schema: TableSchema
}

export function notAlike(first: Part, other: Part, key: string): ConfigError {
  const columns = ({ schema }: Part): string =>
    `(${schema.columns.map(({ name, type }) => `${name} ${type}`).join(', ')}; key ${schema.key.join(', ')})`
  return new ConfigError({
    code: 'shards-not-alike',
    key,
    message: `${first.label} and ${other.label} cannot be parts of one table: they have ${columns(first)} and ${columns(other)}`,
    fix: 'make their columns and keys alike, or leave columns out of all of them with the table option ignore',
  })
}

/** A few by name; of many, how many there are. */
export function unionLabel(tables: readonly { readonly label: string }[]): string {
  const labels = tables.map(({ label }) => label)
  const named = labels.slice(0, 3)
  return labels.length > named.length
    ? `${named.join(', ')} and ${labels.length - named.length} more`
    : named.join(', ')
}

/** All of them; the first that fails ends the others, which are waited for. */
async function together<Result>(
  signal: AbortSignal,
  start: (signal: AbortSignal) => readonly Promise<Result>[],
): Promise<readonly Result[]> {
  const ending = new AbortController()
  const running = start(AbortSignal.any([signal, ending.signal]))
  try {
    return await Promise.all(running)
  } catch (error) {
    ending.abort(error)
    await Promise.allSettled(running)
    throw error
  }
}

/** One table's rows in the order of buckets, page by page. */
class Reading {
  ended = false
  readonly #pages: AsyncIterator<BucketRows>
  #page: BucketRows = { rows: [], buckets: [] }
  #at = 0

  constructor(pages: AsyncIterable<BucketRows>) {
    this.#pages = pages[Symbol.asyncIterator]()
  }

  /** The last bucket of which rows are here. */
  get last(): number {
    return this.#page.buckets.at(-1) ?? Number.POSITIVE_INFINITY
  }

  async fill(): Promise<void> {
    while (!this.ended && this.#at >= this.#page.rows.length) {
      const next = await this.#pages.next()
      this.ended = next.done === true
      this.#page = next.done === true ? { rows: [], buckets: [] } : next.value
      this.#at = 0
    }
  }

  /** What is here of the buckets up to `until`. */
  take(until: number): BucketRows {
    const { rows, buckets } = this.#page
    const start = this.#at
    while (this.#at < rows.length && (buckets[this.#at] ?? 0) <= until) this.#at++
    return { rows: rows.slice(start, this.#at), buckets: buckets.slice(start, this.#at) }
  }

  async close(): Promise<void> {
    await this.#pages.return?.()
  }
}

function merged(pages: readonly BucketRows[]): BucketRows {
  const [only, ...others] = pages.filter(({ rows }) => rows.length > 0)
  if (only === undefined) return { rows: [], buckets: [] }
  if (others.length === 0) return only
  const rows = pages.flatMap((page) => page.rows)
  const buckets = pages.flatMap((page) => page.buckets)
  const order = rows.map((_, at) => at).sort((one, other) => (buckets[one] ?? 0) - (buckets[other] ?? 0))
  return { rows: order.map((at) => rows[at] ?? []), buckets: order.map((at) => buckets[at] ?? 0) }
}

/** Listeners for tables that are read at the same time: told is the mean of them all. */
function sharesOf(count: number, told: DigestOptions['told']): readonly DigestOptions['told'][] {
  const shares = Array.from({ length: count }, () => 0)
  return shares.map((_, at) => (done, of) => {
    shares[at] = done / of
    told?.(
      shares.reduce((sum, share) => sum + share, 0),
      count,
    )
  })
}
