/** In which order the keys of a range come: numbers by value, `uuid` by its digits; the same in every engine. */
export type RangeOrder = 'number' | 'uuid'

/** Rows by one column of their key: greater than `after`, up to and with `upTo`. */
export interface KeyRange {
  /** Name in the database. */
  readonly column: string
  readonly order: RangeOrder
  /** Decimal digits, or a UUID. `undefined`: from the least one. */
  readonly after: string | undefined
  /** `undefined`: to the greatest one. */
  readonly upTo: string | undefined
}

export interface KeySampleRequest {
  /** Name in the database, of a column of the key. */
  readonly column: string
  /** The filter of the rows, as in `ReadOptions`. */
  readonly where: string | undefined
  /** About so many. */
  readonly keys: number
}

/** Keys of some rows, in order, taken so that about as many rows are between any two that follow each other. */
export interface KeySample {
  readonly order: RangeOrder
  readonly keys: readonly string[]
}

/** A moment of a database that somebody holds. */
export interface SharedSnapshot {
  readonly name: string
  /** Called when it is no more to be had, and the rows are read at a moment of their own. */
  lost(): void
}

/** Until it is closed the database keeps old rows for it. */
export interface HeldSnapshot {
  readonly name: string
  close(): Promise<void>
}

const DIGITS = /^-?\d{1,60}$/
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * SQL for the rows of the range, for engines where numbers are written as digits. A border comes from a queue: what is no
 * number and no UUID throws a `RangeError`.
 */
export function rangeCondition(
  { order, after, upTo }: KeyRange,
  { column, uuid }: { readonly column: string; uuid(text: string): string },
): string {
  const literal = (border: string): string => {
    if (!(order === 'number' ? DIGITS : UUID).test(border)) throw new RangeError(`a border of a range is no ${order}`)
    return order === 'number' ? border : uuid(border)
  }
  const conditions = [
    ...(after === undefined ? [] : [`${column} > ${literal(after)}`]),
    ...(upTo === undefined ? [] : [`${column} <= ${literal(upTo)}`]),
  ]
  return conditions.length === 0 ? 'true' : conditions.join(' and ')
}

/** The filter of a table and that of a range, as one. */
export function bothConditions(where: string | undefined, range: string): string {
  return where === undefined ? range : `(\n${where}\n) and ${range}`
}
