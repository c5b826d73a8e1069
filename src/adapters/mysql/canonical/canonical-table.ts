import { sql } from 'drizzle-orm'
import { type CanonicalTable, type Form, type FormedColumn, hashingOf, wholeOf } from '../../../core/canonical.js'
import { ConfigError } from '../../../core/errors.js'
import { notRepairable, type RepairableTable, type RepairColumn, type RepairTable } from '../../../core/repair.js'
import type { Bucket, BucketRows, Digest, DigestOptions, Row, Table, TableSchema } from '../../../core/table.js'
import type { ReadableRows } from '../catalog/catalog.js'
import type { MysqlHandle } from '../handle.js'
import type { Mended } from '../repair/change-statement.js'
import { MysqlRepairTable } from '../repair/repair-table.js'
import { digestRows } from './digest-rows.js'
import { bucketIndex, type Formed, type FormedRows, formed, inBuckets, selectList } from './formed-rows.js'
import { formsOf } from './forms.js'
import { isExact, keyCondition } from './key-condition.js'
import { pagesOf } from './pages.js'

/** A table of MySQL or MariaDB as `check` reads it. */
export class MysqlCanonicalTable implements RepairableTable {
  readonly schema: TableSchema
  readonly label: string
  readonly forms: readonly (readonly Form[])[]
  readonly #database: MysqlHandle
  readonly #info: ReadableRows

  constructor(database: MysqlHandle, info: ReadableRows) {
    this.#database = database
    this.#info = info
    this.label = `${database.label} ${info.name}`
    this.schema = {
      name: info.name,
      columns: info.columns.map(({ name, type, nullable, hasDefault }) => ({ name, type, nullable, hasDefault })),
      key: info.key.map(({ name }) => name),
    }
    this.forms = info.columns.map(formsOf)
  }

  as(columns: readonly FormedColumn[], key: readonly string[]): Table {
    const all = formed(columns, this.#info.columns)
    const keyColumns = key.flatMap((name) => all.filter(({ as }) => as === name))
    const { source, ranged, identity } = this.#info
    if (identity !== 'none') for (const column of keyColumns) this.#checkKey(column)
    return new FormedTable(this.#database, { source, ranged, identity, columns: all, key: keyColumns }, this)
  }

  whole(column: string, form: Form): Form {
    const known = this.#info.columns.find(({ name }) => name === column)
    return known === undefined ? form : wholeOf(formsOf(known), form)
  }

  repair(columns: readonly RepairColumn[], key: readonly string[]): RepairTable {
    const mended = columns.flatMap(({ name, as, form, given }) =>
      this.#info.columns
        .filter((column) => column.name === name)
        .map((column): Mended => {
          const [own = TEXT] = formsOf(column)
          return { column, as, form: form === 'native' ? own : form, whole: own, given }
        }),
    )
    const { target, required, identity } = this.#info
    if (target === undefined || identity !== 'indexed') throw notRepairable(this.label)
    return new MysqlRepairTable(this.#database, {
      qualified: target,
      label: this.label,
      required,
      columns: mended,
      key: key.flatMap((name) => mended.filter(({ as }) => as === name)),
    })
  }

  #checkKey({ column, form }: Formed): void {
    if (form.kind !== 'text' || isExact(column.collation)) return
    throw new ConfigError({
      code: 'key-collation',
      key: `${this.schema.name}.${column.name}`,
      message: `key column ${column.name} has the collation ${column.collation}, for which different texts (a and A, e and é) are one key (${this.label})`,
      fix: `compare by another key (the table option key), or give the column a collation that ends in _bin`,
    })
  }
}

const TEXT: Form = { kind: 'text', padded: false }

/** Keys that are looked up by one statement. */
const LOOKUP_KEYS = 500
const LOOKUP_MS = 300_000

class FormedTable implements Table {
  readonly schema: TableSchema
  readonly label: string
  readonly hashing: string
  readonly #database: MysqlHandle
  readonly #rows: FormedRows
  readonly #keyPlaces: readonly number[]

  constructor(database: MysqlHandle, rows: FormedRows, { schema, label }: CanonicalTable) {
    this.#database = database
    this.#rows = rows
    this.label = label
    const key = rows.key.map(({ as }) => as)
    this.schema = {
      name: schema.name,
      columns: rows.columns.map(({ as, column: { type, nullable, hasDefault } }) => ({
        name: as,
        type,
        nullable,
        hasDefault,
      })),
      key,
    }
    this.hashing = hashingOf(
      rows.columns.map(({ column, as, form }) => ({ name: column.name, as, form })),
      key,
    )
    this.#keyPlaces = rows.key.map((column) => rows.columns.indexOf(column))
  }

  digests(within: readonly Bucket[], depth: number, options: DigestOptions): Promise<ReadonlyMap<number, Digest>> {
    const { schema, label } = this
    return digestRows(this.#database, { rows: this.#rows, schema, label, within, depth }, options)
  }

  async *scan(within: readonly Bucket[], signal: AbortSignal): AsyncGenerator<readonly Row[]> {
    const { source } = this.#rows
    const query = `select ${selectList(this.#rows)}, 0 from ${source} t where ${inBuckets(this.#rows, within)}`
    for await (const { rows } of this.#read(query, signal)) yield rows
  }

  /** The server sorts, on disk when it must. */
  async *scanInOrder(within: readonly Bucket[], signal: AbortSignal): AsyncGenerator<BucketRows> {
    const { source } = this.#rows
    const index = bucketIndex(this.#rows, within[0]?.depth ?? 0)
    const where = inBuckets(this.#rows, within)
    yield* this.#read(
      `select ${selectList(this.#rows)}, ${index} as i from ${source} t where ${where} order by i`,
      signal,
    )
  }

  async lookup(keys: readonly Row[], signal: AbortSignal): Promise<readonly Row[]> {
    const { quote } = await this.#database.driver()
    const wanted = new Map(keys.map((key) => [JSON.stringify(key), key]))
    const asked = [...wanted.values()]
    const found: Row[] = []
    for (let start = 0; start < asked.length; start += LOOKUP_KEYS) {
      const condition = keyCondition(this.#rows.key, asked.slice(start, start + LOOKUP_KEYS), quote)
      if (condition === undefined) continue
      const query = `select ${selectList(this.#rows)} from ${this.#rows.source} t where ${condition}`
      const options = { what: 'looking up rows', signal, deadlineMs: LOOKUP_MS }
      const rows = await this.#database.session.execute(sql.raw(query), options)
      for (const row of rows) {
        const values = this.#rows.columns.map((_, at) => textOrNull(row[`c${at}`]))
        if (wanted.has(JSON.stringify(this.#keyPlaces.map((place) => values[place])))) found.push(values)
      }
    }
    return found
  }

  async *#read(query: string, signal: AbortSignal): AsyncGenerator<BucketRows> {
    await using pass = await this.#database.pass({ what: 'reading rows', signal })
    yield* pagesOf(pass.stream(query), this.#rows.columns.length)
    pass.finish()
  }
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
