import type { Sink } from './sink.js'

/**
 * A row as a `map` makes it: values by column, named as in the Drizzle table (or, for a table given by name, as in the
 * database). A column that is left out or `undefined` gets its default on insert and is not touched on update.
 */
export type Values = Readonly<Record<string, unknown>>

/** The rows that one message became: element i are those for the i-th table of the sink. */
export interface Rowset {
  readonly rows: readonly (readonly Values[])[]
}

export interface UpsertOptions {
  /** Name of the flow. */
  readonly flow: string
  /**
   * What to do with text that the database cannot hold as it is (NUL, half a surrogate pair): refuse the item
   * (`reject`, default), leave those characters out (`strip`), or write them as `\u0000` (`escape`).
   */
  readonly invalidText?: 'reject' | 'strip' | 'escape'
}

/**
 * Inserts rows whose key is new and updates the others; with a `version` column only by a row whose version is greater
 * than the stored one's. The rule, the same whatever the borders of batches: as if each row were written by itself, in
 * the order in which the rows came. (So of two rows with one key and one version the first stays.)
 *
 * All tables of a batch, and its position, are one transaction. Tables are written in the order of their foreign keys,
 * parents first; a table's rows are locked in the order of their keys, so that lanes do not deadlock. Works from any
 * number of lanes at the same time. `write` throws a `DataError` whose `bad` are indexes of rowsets when it knows them;
 * else `probe` finds them. The contract suite is `test/contracts/upsert.ts`.
 */
export type UpsertSink = Sink<Rowset> & Required<Pick<Sink<Rowset>, 'checkpoints' | 'probe'>>
