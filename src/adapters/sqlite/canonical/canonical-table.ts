import { type Form, type FormedColumn, hashingOf, wholeOf } from '../../../core/canonical.js'
import { notRepairable, type RepairableTable, type RepairColumn, type RepairTable } from '../../../core/repair.js'
import type { Bucket, BucketRows, Digest, DigestOptions, Row, Table, TableSchema } from '../../../core/table.js'
import type { ReadableRows } from '../catalog/catalog.js'
import type { SqliteColumn } from '../catalog/catalog-queries.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import type { SqliteHandle } from '../handle.js'
import type { Mended } from '../repair/change-statement.js'
import { SqliteRepairTable } from '../repair/repair-table.js'
import type { Statements } from '../session/session.js'
import { formedValue } from './formed-value.js'
import { formsOf } from './forms.js'
import { checkKey } from './key-check.js'
import { keyCondition } from './key-condition.js'
import { OrderedPlaces } from './ordered-places.js'
import { keyBits, rowHash } from './row-hash.js'
import { type Place, type PlacedRow, placeOf, rowsAt, type ShareOf, sharesOf, tablePages } from './table-pages.js'

/** A table of SQLite as `check` reads it: its rows are hashed here, as SQLite cannot, so that each pass reads them all. */
export class SqliteCanonicalTable implements RepairableTable {
  readonly schema: TableSchema
  readonly label: string
  readonly forms: readonly (readonly Form[])[]
  readonly #database: SqliteHandle
  readonly #info: ReadableRows

  constructor(database: SqliteHandle, info: ReadableRows) {
    this.#database = database
    this.#info = info
    this.label = `${database.label} ${info.name}`
    this.schema = { name: info.name, columns: info.columns.map(described), key: info.key }
    this.forms = info.columns.map(({ type }) => formsOf(type))
  }

  as(columns: readonly FormedColumn[], key: readonly string[]): Table {
    const known = columns.flatMap(({ name }) => this.#info.columns.filter((column) => column.name === name))
    const schema: TableSchema = {
      name: this.schema.name,
      columns: known.map((column, at) => ({ ...described(column), name: columns[at]?.as ?? '' })),
      key,
    }
    return new FormedTable(this.#database, { rows: this.#info, columns, known, schema, label: this.label })
  }

  /** What is stored as text may have more digits of the second than any other database. */
  whole(column: string, form: Form): Form {
    if (form.kind === 'moment' || form.kind === 'time') return { kind: form.kind, fraction: STORED_DIGITS }
    const known = this.#info.columns.find(({ name }) => name === column)
    return known === undefined ? form : wholeOf(formsOf(known.type), form)
  }

  repair(columns: readonly RepairColumn[], key: readonly string[]): RepairTable {
    const mended = columns.flatMap(({ name, as, form, given }) =>
      this.#info.columns
        .filter((column) => column.name === name)
        .map(({ type, notnull, pk }): Mended => {
          const own = form === 'native' ? TEXT : form
          return {
            name,
            as,
            type,
            nullable: notnull === 0 && pk === 0,
            form: own,
            given: given === 'native' ? own : given,
          }
        }),
    )
    if (this.#info.query !== undefined || this.#info.identity !== 'indexed') throw notRepairable(this.label)
    const keys = key.flatMap((name) => mended.filter(({ as }) => as === name))
    return new SqliteRepairTable(this.#database, {
      table: this.#info.name,
      rows: this.#info,
      label: this.label,
      columns: mended,
      key: keys,
      keyColumns: keys.flatMap(({ name }) => this.#info.columns.filter((column) => column.name === name)),
      required: this.#info.required,
    })
  }
}

const TEXT: Form = { kind: 'text', padded: false }
const STORED_DIGITS = 30

function described({ name, type, notnull, pk, hasDefault }: SqliteColumn): TableSchema['columns'][number] {
  return { name, type: type === '' ? 'any' : type, nullable: notnull === 0 && pk === 0, hasDefault: hasDefault === 1 }
}

interface Described {
  readonly rows: ReadableRows
  readonly columns: readonly FormedColumn[]
  /** In the order of `columns`. */
  readonly known: readonly SqliteColumn[]
  readonly schema: TableSchema
  readonly label: string
}

/** Rows that are read by their places at once, in the order of buckets. */
const CHUNK_ROWS = 200
const LOOKUP_KEYS = 200

class FormedTable implements Table {
  readonly schema: TableSchema
  readonly label: string
  readonly hashing: string
  readonly #database: SqliteHandle
  readonly #of: Described
  readonly #names: readonly string[]
  readonly #forms: readonly Form[]
  readonly #keyPlaces: readonly number[]
  readonly #keyForms: readonly Form[]

  constructor(database: SqliteHandle, of: Described) {
    this.#database = database
    this.#of = of
    this.schema = of.schema
    this.label = of.label
    this.hashing = hashingOf(of.columns, of.schema.key)
    this.#names = of.columns.map(({ name }) => name)
    this.#forms = of.columns.map(({ form }) => form)
    this.#keyPlaces = of.schema.key.map((name) => of.columns.findIndex(({ as }) => as === name))
    this.#keyForms = this.#keyPlaces.flatMap((place) => this.#forms[place] ?? [])
  }

  async digests(
    within: readonly Bucket[],
    depth: number,
    { signal, told }: DigestOptions,
  ): Promise<ReadonlyMap<number, Digest>> {
    const digests = new Map<number, { rows: bigint; sum: bigint }>()
    const inside = insideOf(within)
    for await (const { rows, share } of this.#pages(signal, depth === 0)) {
      const done = share(rows)
      if (done !== undefined) told?.(done, 1)
      for (const { row } of rows) {
        const bits = depth === 0 && within.some((bucket) => bucket.depth === 0) ? 0 : this.#bits(row)
        if (!inside(bits)) continue
        const index = depth === 0 ? 0 : bits >>> (24 - depth)
        const digest = digests.get(index)
        const hash = rowHash(row, this.#forms)
        if (digest === undefined) digests.set(index, { rows: 1n, sum: hash })
        else {
          digest.rows++
          digest.sum += hash
        }
      }
    }
    return digests
  }

  async *scan(within: readonly Bucket[], signal: AbortSignal): AsyncGenerator<readonly Row[]> {
    const inside = insideOf(within)
    for await (const { rows } of this.#pages(signal)) {
      const wanted = rows.map(({ row }) => row).filter((row) => inside(this.#bits(row)))
      if (wanted.length > 0) yield wanted
    }
  }

  /** First where the rows of each bucket are, then the rows, by their places. */
  async *scanInOrder(within: readonly Bucket[], signal: AbortSignal): AsyncGenerator<BucketRows> {
    const depth = within[0]?.depth ?? 0
    const inside = insideOf(within)
    await using snapshot = await this.#database.snapshot({ what: 'reading rows', signal })
    const place = await placeOf(snapshot, this.#of.rows, signal)
    const places = new OrderedPlaces()
    const bucketOf = (row: Row): number => (depth === 0 ? 0 : this.#bits(row) >>> (24 - depth))
    for await (const rows of this.#formed(snapshot, place, signal)) {
      for (const { row, place: at } of rows) if (inside(this.#bits(row))) places.add(bucketOf(row), at)
    }
    for (const chunk of places.chunks(CHUNK_ROWS)) {
      const found = await rowsAt(snapshot, place, { columns: this.#names, signal, places: chunk })
      const rows = found.map(({ values }) => this.#row(values)).map((row) => ({ row, bucket: bucketOf(row) }))
      rows.sort((one, other) => one.bucket - other.bucket)
      yield { rows: rows.map(({ row }) => row), buckets: rows.map(({ bucket }) => bucket) }
    }
  }

  async lookup(keys: readonly Row[], signal: AbortSignal): Promise<readonly Row[]> {
    const wanted = new Map(keys.map((key) => [JSON.stringify(key), key]))
    const isWanted = (row: Row): boolean => wanted.has(JSON.stringify(this.#keyOf(row)))
    const asked = [...wanted.values()]
    const found: Row[] = []
    const known = this.#keyPlaces.flatMap((place) => this.#of.known[place] ?? [])
    for (let start = 0; start < asked.length; start += LOOKUP_KEYS) {
      const condition = keyCondition(known, this.#keyForms, asked.slice(start, start + LOOKUP_KEYS))
      // How the key was written cannot be told from its form: then every row is looked at.
      if (condition === undefined) return this.#search(isWanted, signal)
      const columns = this.#names.map((name, at) => `"${name.replaceAll('"', '""')}" as c${at}`).join(', ')
      const text = `select ${columns} from ${this.#source} where ${condition.text}`
      const options = { what: 'looking up rows', signal }
      const { rows } = await this.#database.session.execute(text, condition.values, options)
      found.push(...rows.map((row) => this.#row(this.#names.map((_, at) => row[`c${at}`]))).filter(isWanted))
    }
    return found
  }

  async #search(isWanted: (row: Row) => boolean, signal: AbortSignal): Promise<readonly Row[]> {
    const found: Row[] = []
    for await (const { rows } of this.#pages(signal)) found.push(...rows.map(({ row }) => row).filter(isWanted))
    return found
  }

  /** As in FROM, for one statement. */
  get #source(): string {
    const { name, query, where } = this.#of.rows
    const all = query === undefined ? quoteIdentifier(name) : `(\n${query}\n)`
    return where === undefined ? all : `(select * from ${all} where (\n${where}\n))`
  }

  async *#pages(signal: AbortSignal, checking = false): AsyncGenerator<FormedPage> {
    await using snapshot = await this.#database.snapshot({ what: 'reading rows', signal })
    const place = await placeOf(snapshot, this.#of.rows, signal)
    if (checking) await checkKey(snapshot, place, { ...this.#of, signal })
    const share = await sharesOf(snapshot, place, signal)
    for await (const rows of this.#formed(snapshot, place, signal)) yield { rows, share }
  }

  async *#formed(session: Statements, place: Place, signal: AbortSignal): AsyncGenerator<readonly FormedRow[]> {
    for await (const page of tablePages(session, place, { columns: this.#names, signal })) {
      yield page.map(({ values, place: at }) => ({ row: this.#row(values), place: at }))
    }
  }

  #row(values: readonly unknown[]): Row {
    return this.#forms.map((form, at) => formedValue(values[at], form))
  }

  #keyOf(row: Row): Row {
    return this.#keyPlaces.map((place) => row[place] ?? null)
  }

  #bits(row: Row): number {
    return keyBits(this.#keyOf(row), this.#keyForms)
  }
}

interface FormedRow extends Pick<PlacedRow, 'place'> {
  readonly row: Row
}

interface FormedPage {
  readonly rows: readonly FormedRow[]
  readonly share: ShareOf
}

/** Whether the first 24 bits of a key's hash are in one of the buckets. */
function insideOf(within: readonly Bucket[]): (bits: number) => boolean {
  const depths = new Map<number, Set<number>>()
  for (const { depth, index } of within) depths.set(depth, (depths.get(depth) ?? new Set()).add(index))
  if (depths.has(0)) return () => true
  return (bits) => [...depths].some(([depth, indexes]) => indexes.has(bits >>> (24 - depth)))
}
