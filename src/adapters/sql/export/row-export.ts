import { createHash } from 'node:crypto'
import type { ExportColumn, ExportOptions, JsonPage, TableExport } from '../../../core/export.js'
import type { Row, TableSchema } from '../../../core/table.js'
import type { Values } from '../../../core/upsert.js'
import { claimedKeyProblem } from '../claimed-key.js'
import { boundedPages } from './bounded-pages.js'
import { SnapshotAge } from './snapshot-age.js'

/** A column on its way out. `Raw`: a value as the client gives it, never NULL. */
export interface RowColumn<Raw> extends ExportColumn {
  /** As the database prints it, every digit. */
  text(raw: Raw): string
  /** Its JSON, every digit, without a line end. */
  json(raw: Raw): string
  /** What `map` gets. */
  value(raw: Raw): unknown
}

export interface RowSource<Raw> {
  /** For messages: `mysql://host:3306/app app.facility`. */
  readonly label: string
  readonly columns: readonly RowColumn<Raw>[]
  /** Names, as in `columns`, of the key. */
  readonly key: readonly string[]
  /** Only the config says what identifies a row, so that it is looked at. */
  readonly claimed: boolean
  /** The rows of the range in the order of the key, of one snapshot that ends with the iteration; lists of any size. */
  read(options: ExportOptions): AsyncIterable<readonly RawRow<Raw>[]>
  /** The same in chunks, of which each has a snapshot of its own; none grows older than `maxSnapshotAgeMs`. */
  readonly readChunks: ((options: ExportOptions) => AsyncIterable<readonly RawRow<Raw>[]>) | undefined
  readonly cut: TableExport['cut']
  /** About how many bytes a value takes. */
  sizeOf(raw: Raw): number
}

/** Values in the order of `RowSource.columns`. */
export type RawRow<Raw> = readonly (Raw | null)[]

/** An export whose rows come as lists of values, and get their shape here. */
export class RowExport<Raw> implements TableExport {
  readonly label: string
  readonly columns: readonly ExportColumn[]
  readonly key: readonly string[]
  readonly fingerprint: string
  readonly supports: TableExport['supports']
  readonly cut: TableExport['cut']
  readonly #source: RowSource<Raw>

  constructor(source: RowSource<Raw>) {
    this.#source = source
    this.label = source.label
    this.key = source.key
    this.columns = source.columns.map(({ name, type }) => ({ name, type }))
    this.fingerprint = fingerprintOf(this.columns)
    this.supports = new Set(source.readChunks === undefined ? [] : ['chunks'])
    this.cut = source.cut
  }

  async *json(separator: string, options: ExportOptions): AsyncGenerator<JsonPage> {
    const { columns } = this.#source
    const heads = columns.map(({ name }, at) => `${at === 0 ? `${separator}{` : ','}${JSON.stringify(name)}:`)
    for await (const rows of this.#pages(options)) {
      const lines = rows.map((row) => {
        let line = ''
        for (const [at, column] of columns.entries()) {
          const raw = row[at] ?? null
          line += heads[at] + (raw === null ? 'null' : column.json(raw))
        }
        return `${line}}`
      })
      yield { rows: rows.length, chunks: [Buffer.from(lines.join(''))] }
    }
  }

  async *values(options: ExportOptions): AsyncGenerator<readonly Values[]> {
    const { columns } = this.#source
    for await (const rows of this.#pages(options)) {
      // Not by assignment, as a column may be called `__proto__`.
      yield rows.map((row) => Object.fromEntries(columns.map((column, at) => [column.name, valueFor(column, row[at])])))
    }
  }

  async *text(options: ExportOptions): AsyncGenerator<readonly Row[]> {
    const { columns } = this.#source
    for await (const rows of this.#pages(options)) {
      yield rows.map((row) =>
        columns.map((column, at) => {
          const raw = row[at] ?? null
          return raw === null ? null : column.text(raw)
        }),
      )
    }
  }

  async *#pages(options: ExportOptions): AsyncGenerator<readonly RawRow<Raw>[]> {
    const { claimed, sizeOf, readChunks } = this.#source
    const chunks = options.consistency === 'chunks' ? readChunks : undefined
    const age = new SnapshotAge(this.label, options.maxSnapshotAgeMs)
    const checkKey = claimed ? this.#keyChecker() : undefined
    const sizeOfRow = (row: RawRow<Raw>): number => {
      let size = 0
      for (const raw of row) if (raw !== null) size += sizeOf(raw)
      return size
    }
    const read = chunks?.(options) ?? this.#source.read(options)
    for await (const page of boundedPages(read, sizeOfRow)) {
      if (chunks === undefined) age.check()
      checkKey?.(page)
      yield page
    }
  }

  /** Rows with equal keys stand together. */
  #keyChecker(): (page: readonly RawRow<Raw>[]) => void {
    const { columns, key } = this.#source
    const places = key.map((name) => columns.findIndex((column) => column.name === name))
    let last: string | undefined
    return (page) => {
      for (const row of page) {
        const values = places.map((place) => valueText(columns[place], row[place]))
        const found = JSON.stringify(values)
        refuseKey(this.label, key, { missing: values.includes(null), repeated: found === last })
        last = found
      }
    }
  }
}

/** Throws when what the config calls a key is none. */
export function refuseKey(
  name: string,
  key: TableSchema['key'],
  found: { readonly repeated: boolean; readonly missing: boolean },
): void {
  const problem = claimedKeyProblem({ name, key }, found)
  if (problem !== undefined) throw problem
}

function valueFor<Raw>(column: RowColumn<Raw>, raw: Raw | null | undefined): unknown {
  return raw === null || raw === undefined ? null : column.value(raw)
}

function valueText<Raw>(column: RowColumn<Raw> | undefined, raw: Raw | null | undefined): string | null {
  return raw === null || raw === undefined || column === undefined ? null : column.text(raw)
}

/** Changes when a column comes, goes, or gets another name or type. */
export function fingerprintOf(columns: readonly ExportColumn[]): string {
  return createHash('sha256')
    .update(JSON.stringify(columns.map(({ name, type }) => [name, type])))
    .digest('hex')
    .slice(0, 32)
}
