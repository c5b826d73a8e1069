import type { Rowset, Values } from '../../core/upsert.js'

/** The rows of one table in a batch, in order of arrival. */
export interface TableRows {
  readonly rows: readonly Values[]
  /** For each row the index of the rowset it came from: what `DataError.bad` names. */
  readonly items: readonly number[]
}

/** Rows that one statement can write: all of them carry just these columns. A key may be in it more than once. */
export interface RowGroup extends TableRows {
  /** Names as in `Values`, in alphabetical order. */
  readonly columns: readonly string[]
}

/** The rows for the table at `table`, of all rowsets. */
export function rowsOfTable(rowsets: Iterable<Rowset>, table: number): TableRows {
  const rows: Values[] = []
  const items: number[] = []
  let item = 0
  for (const rowset of rowsets) {
    for (const row of rowset.rows[table] ?? []) {
      rows.push(row)
      items.push(item)
    }
    item += 1
  }
  return { rows, items }
}

/**
 * Parts rows by the columns that they carry (`undefined` is not carried). Written one group after the other, each in
 * the order of its rows, they leave what they would leave one by one: a key that comes again with other columns is in a
 * later group. `keyOf` must give equal values for equal keys; it is called only when columns differ.
 */
export function rowGroups({ rows, items }: TableRows, keyOf: (row: Values) => unknown): readonly RowGroup[] {
  const shapes = new Shapes()
  const shapeOf = rows.map((row) => shapes.of(row))
  if (shapes.all.length < 2) return shapes.all.map((columns) => ({ columns, rows, items }))

  const rounds = new Rounds(shapes.all)
  rows.forEach((row, at) => {
    const group = rounds.groupOf(keyOf(row), shapeOf[at] ?? 0)
    group.rows.push(row)
    group.items.push(items[at] ?? 0)
  })
  return rounds.groups()
}

interface OpenGroup extends RowGroup {
  readonly rows: Values[]
  readonly items: number[]
}

/** In a round each key comes with one set of columns only, so the order of the round's groups does not matter. */
class Rounds {
  readonly #columns: readonly (readonly string[])[]
  readonly #latest = new Map<unknown, { readonly shape: number; readonly round: number }>()
  readonly #rounds: Map<number, OpenGroup>[] = []

  constructor(columns: readonly (readonly string[])[]) {
    this.#columns = columns
  }

  groupOf(key: unknown, shape: number): OpenGroup {
    const before = this.#latest.get(key)
    const round = before === undefined ? 0 : before.round + (before.shape === shape ? 0 : 1)
    if (before?.shape !== shape) this.#latest.set(key, { shape, round })
    const groups = this.#rounds[round] ?? new Map<number, OpenGroup>()
    this.#rounds[round] = groups
    const group = groups.get(shape) ?? { columns: this.#columns[shape] ?? [], rows: [], items: [] }
    groups.set(shape, group)
    return group
  }

  groups(): readonly RowGroup[] {
    return this.#rounds.flatMap((groups) => [...groups.values()])
  }
}

/** For `rowGroups`: the key columns of a row as one text. Spellings of one value (`1.0`, `1.00`) are different texts. */
export function rowKey(columns: readonly string[]): (row: Values) => string {
  const [only] = columns
  if (columns.length === 1 && only !== undefined) return (row) => keyText(row[only])
  return (row) => columns.map((name) => keyText(row[name])).reduce((key, text) => `${key}${text.length}:${text}`, '')
}

function keyText(value: unknown): string {
  if (value instanceof Date) return String(value.getTime())
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1')
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)
}

/** The different sets of columns. Rows that come from one `map` mostly have the columns of the row before, in its order. */
class Shapes {
  readonly all: (readonly string[])[] = []
  readonly #bySignature = new Map<string, number>()
  #names: readonly string[] = []
  #last = -1

  of(row: Values): number {
    const names = Object.keys(row)
    if (this.#last !== -1 && this.#isLast(row, names)) return this.#last
    const given = names.filter((name) => row[name] !== undefined)
    const columns = given.toSorted()
    const signature = JSON.stringify(columns)
    let shape = this.#bySignature.get(signature)
    if (shape === undefined) {
      shape = this.all.push(columns) - 1
      this.#bySignature.set(signature, shape)
    }
    this.#names = given
    this.#last = shape
    return shape
  }

  #isLast(row: Values, names: readonly string[]): boolean {
    if (names.length !== this.#names.length) return false
    for (let at = 0; at < names.length; at++) {
      const name = names[at]
      if (name === undefined || name !== this.#names[at] || row[name] === undefined) return false
    }
    return true
  }
}
