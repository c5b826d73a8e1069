/** Words used everywhere, with one meaning each: see docs/glossary.md. */

/** What a source keeps in order: a partition, a key range, one stream. Batches of one lane are written one at a time. */
export type Lane = string

/** Where a lane stands, as text that only the source that made it can read. */
export type Position = string

/** The saved position of every lane of a flow; empty on the first run. */
export type Checkpoints = ReadonlyMap<Lane, Position>

/**
 * The items of a batch. Every array is one; adapters that hold rows by column are one too, so a batch need never
 * become one object per record.
 */
export interface Items<Item> extends Iterable<Item> {
  readonly length: number
  /** The items `start` (included) to `end` (left out), as `Array.prototype.slice` gives them for positive numbers. */
  slice(start: number, end: number): Items<Item>
}

/** What moves through a flow: the items read at one time in one lane. It may be empty, when only the position moved. */
export interface Batch<Item> {
  readonly lane: Lane
  /** Where the lane stands once these items are stored. `undefined`: storing them moves no checkpoint. */
  readonly position: Position | undefined
  readonly items: Items<Item>
  /**
   * A moment (milliseconds since 1970) at which none of the items could be read yet, so `now - unseenAt` is an upper
   * bound of their lag. Left out when the source cannot know.
   */
  readonly unseenAt?: number
}
