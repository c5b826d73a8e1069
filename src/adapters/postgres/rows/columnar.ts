import type { Items } from '../../../core/batch.js'
import { DataError } from '../../../core/errors.js'
import type { Row } from '../../../core/table.js'
import { formatArrayLiteral, parseArrayLiteral } from './array-literal.js'

/** What UTF-8 cannot carry: half of a surrogate pair, which would be replaced in silence on its way. */
const LONE_SURROGATE = /\p{Surrogate}/u

/**
 * Rows held by column, each column as one PostgreSQL array literal. They go from one server to the other as they came:
 * `array_agg(column)::text` is read and sent back as `$1::uuid[]`, and nothing is parsed here unless somebody iterates
 * or slices.
 */
export class ColumnarRows implements Items<Row> {
  readonly length: number
  /** One literal per column, in the order of `TableSchema.columns`. Elements are the values' own text. */
  readonly columns: readonly string[]
  #values: readonly (readonly (string | null)[])[] | undefined

  /** `columns` as the server gave them: `array_agg` over no rows is NULL, which means an empty column. */
  constructor(columns: readonly (string | null)[], length: number) {
    this.columns = columns.map((column) => column ?? '{}')
    this.length = length
  }

  /**
   * Returns `items` itself when it is one already, else encodes it.
   * Throws `DataError` (with the indexes) when a value holds what PostgreSQL text cannot: NUL or half a surrogate pair.
   */
  static from(items: Items<Row>, columnCount: number): ColumnarRows {
    if (items instanceof ColumnarRows) return items
    const rows = [...items]
    const columns = Array.from({ length: columnCount }, (_, index) => formatArrayLiteral(columnOf(rows, index)))
    if (columns.some(isMalformed)) throw malformed(rows)
    return new ColumnarRows(columns, rows.length)
  }

  *[Symbol.iterator](): Iterator<Row> {
    const values = this.#parsed()
    for (let row = 0; row < this.length; row++) yield values.map((column) => column[row] ?? null)
  }

  slice(start: number, end: number): Items<Row> {
    if (start <= 0 && end >= this.length) return this
    const columns = this.#parsed().map((column) => column.slice(start, end))
    const length = Math.max(0, Math.min(end, this.length) - start)
    return new ColumnarRows(columns.map(formatArrayLiteral), length)
  }

  #parsed(): readonly (readonly (string | null)[])[] {
    this.#values ??= this.columns.map(parseArrayLiteral)
    return this.#values
  }
}

function* columnOf(rows: readonly Row[], index: number): Iterable<string | null> {
  for (const row of rows) yield row[index] ?? null
}

function isMalformed(text: string): boolean {
  return text.includes('\0') || LONE_SURROGATE.test(text)
}

function malformed(rows: readonly Row[]): DataError {
  const bad = rows.flatMap((row, index) => (row.some((value) => value !== null && isMalformed(value)) ? [index] : []))
  return new DataError(
    'malformed-text',
    `${bad.length} of ${rows.length} rows hold a NUL or half a surrogate pair, which PostgreSQL text cannot store; strip it at the source`,
    { bad },
  )
}
