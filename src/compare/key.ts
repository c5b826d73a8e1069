import type { Row, TableSchema } from '../core/table.js'

/** How to find the key in a row of a table. */
export class KeyColumns {
  readonly #indexes: readonly number[]
  readonly #only: number | undefined
  readonly names: readonly string[]

  constructor(schema: TableSchema) {
    this.names = schema.key
    this.#indexes = schema.key.map((name) => schema.columns.findIndex((column) => column.name === name))
    this.#only = this.#indexes.length === 1 ? this.#indexes[0] : undefined
  }

  /** The values of the key columns, in the order of `schema.key`. */
  of(row: Row): Row {
    return this.#indexes.map((index) => row[index] ?? null)
  }

  /** Text that is equal for equal keys only; keys are compared by their text, never by a collation. */
  textOf(row: Row): string {
    if (this.#only !== undefined) return row[this.#only] ?? ''
    return keyText(this.of(row))
  }
}

/** The text of a key as `KeyColumns.textOf` gives it for its row. */
export function keyText(key: Row): string {
  return key.length === 1 ? (key[0] ?? '') : JSON.stringify(key)
}

export function sameRow(a: Row, b: Row): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index])
}

/** What a string takes besides its characters; without it narrow values of wide rows count for nothing. */
const VALUE_OVERHEAD = 24

/** Characters of a row, as a measure of the memory it takes. */
export function weightOf(row: Row): number {
  let weight = 0
  for (const value of row) weight += VALUE_OVERHEAD + (value?.length ?? 0)
  return weight
}
