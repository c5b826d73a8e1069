import type { Diagnosis, GrantList } from './diagnosis.js'
import type { SharedSnapshot } from './key-range.js'
import type { Row } from './table.js'

/**
 * In which order keys come, and how they are written, the same in every engine: numbers by value in decimal digits;
 * `uuid` in lower case; `bytes` in hexadecimal digits of lower case; `text` by its bytes in UTF-8.
 */
export type KeyOrder = 'number' | 'uuid' | 'bytes' | 'text'

/** `number`: exact decimal digits. `time`: `2026-01-31 23:59:59.123456`, in UTC where the type has a zone. */
export type ValueKind = 'number' | 'time'

/** What is computed over the rows that refer to one key. NULLs do not count; a sum of nothing is 0. */
export type Aggregate = { readonly kind: 'count' } | { readonly kind: 'sum' | 'max' | 'min'; readonly column: string }

/** The number that a master row itself holds; `nullAsZero`: NULL is written as 0. */
export interface StoredValue {
  readonly kind: 'stored'
  readonly column: string
  readonly nullAsZero: boolean
}

export interface ColumnOptions {
  /** SQL of the database over the table's own columns: `kind = 'mail'`. Rows for which it does not hold are not read. */
  readonly where?: string
}

/** Groups in ascending order of keys: a key and its number each, column by column. NULL is no key. */
export interface Groups {
  /** `Float64Array`: integers that it holds exactly, which spares a text for each. */
  readonly keys: Float64Array | readonly string[]
  readonly values: Float64Array | readonly (string | null)[]
}

/** Keys greater than `after`, up to and with `upTo`, written as in `Groups`; `undefined`: no such border. */
export interface GroupRange {
  readonly after: string | undefined
  readonly upTo?: string | undefined
}

/** Keys that a check of references looks up with one statement. */
export const LOOKUP_KEYS = 2_000

/** A request as the catalog has it. */
export interface GroupColumn {
  /** `postgres://host:5432/app public.message_data.body` */
  readonly label: string
  /** The same without the database: `public.message_data.body`. */
  readonly name: string
  readonly order: KeyOrder
  readonly value: ValueKind
  /** Names and types of the columns that decide what is read, as the catalog has them: others than before, and the table was altered. */
  readonly types: readonly string[]
  /** Name in the database of the column that holds the stored value; of stored values only. */
  readonly storedIn?: string
  /** Rows of the table, as the server's statistics have it. */
  readonly estimatedRows: number
  /** An index brings the groups in order, so that they are read in short statements. Else the server sorts once. */
  readonly indexed: boolean
  /** SQL of the index that is missing, when `indexed` is false. */
  readonly advice: string | undefined
  /** The columns that identify a row of the table, for `rows`; empty when there are none. */
  readonly rowKey: readonly string[]
}

/** Reads groups of several columns of one database. */
export interface GroupReader {
  /** In the order of the requests. */
  readonly columns: readonly GroupColumn[]
  /**
   * One moment of the database, for all columns. The server keeps old rows for it until it is disposed. `whole`: all groups
   * are to be read, side by side, over several connections; `keys`: only `lookup` and `rows`, over one. `held`: the moment
   * that somebody holds; where it is not to be had, that is told and another one is taken.
   */
  snapshot(use: 'whole' | 'keys', signal: AbortSignal, held?: SharedSnapshot): Promise<GroupSnapshot>
  /** The least rights it takes. */
  grants(role: string): GrantList
  /**
   * What reading each column costs, and which index would make it cheaper, in the order of the requests: from catalogs and
   * from the plans of its statements, none of which is run.
   */
  diagnose(signal: AbortSignal): Promise<readonly Diagnosis[]>
}

export interface GroupSnapshot extends AsyncDisposable {
  /** All groups of a column whose key is in the range, in batches. Different columns may be read side by side. */
  groups(column: number, range: GroupRange, signal: AbortSignal): AsyncIterable<Groups>
  /** The groups with one of these keys, some thousand at most. */
  lookup(column: number, keys: readonly string[], signal: AbortSignal): Promise<Groups>
  /** `rowKey` of at most `limit` rows that have this key. */
  rows(
    column: number,
    key: string,
    options: { readonly limit: number; readonly signal: AbortSignal },
  ): Promise<readonly Row[]>
}
