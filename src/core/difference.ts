import type { Row } from './table.js'

/** A key for which two tables do not have the same row. `left` and `right` are whole rows in column order. */
export type Difference =
  | { readonly kind: 'missing-left'; readonly key: Row; readonly right: Row }
  | { readonly kind: 'missing-right'; readonly key: Row; readonly left: Row }
  | { readonly kind: 'changed'; readonly key: Row; readonly left: Row; readonly right: Row }
  /** It differed at every look, but never twice in the same way: the row is being written all the time. */
  | { readonly kind: 'unstable'; readonly key: Row; readonly left: Row | undefined; readonly right: Row | undefined }
  /** Of tables without a key: there are so many copies of this row on each side. `key` is the whole row, as are the sides that have any. */
  | {
      readonly kind: 'copies'
      readonly key: Row
      readonly left: Row | undefined
      readonly right: Row | undefined
      readonly copies: { readonly left: number; readonly right: number }
    }
