/** How it is known which rows of a table an export before does not have. `column`: as `map` calls it. */
export type Since =
  /** By the transactions that wrote them: exact, and of no column. */
  | { readonly kind: 'last-run' }
  /** By a time; a row can be seen at the latest `overlapMs` after the time in it. */
  | { readonly kind: 'time'; readonly column: string; readonly overlapMs: number }
  /** By a number that only rises; a row can be seen before one that has more than `overlap` more. */
  | { readonly kind: 'number'; readonly column: string; readonly overlap: number }

export interface IncrementRequest {
  readonly since: Since
  /** Position of the export before; `undefined`: all rows are asked for. */
  readonly from: string | undefined
}

/** What an export that follows another one reads. Rows may be in both; none is in neither. */
export interface Increment {
  /** SQL over the table's own columns, for `ReadOptions.where`; `undefined`: all rows, also when `from` leads nowhere. */
  readonly where: string | undefined
  /** Position of the next, which holds for exports that begin after this answer; `undefined`: there are no rows yet. */
  readonly to: string | undefined
}
