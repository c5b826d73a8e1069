import { Seen } from '../seen.js'
import { packHashes, unpackHashes } from './key-hashes.js'
import type { FeedTask } from './range-task.js'

/** Keys of rows of ranges before, and those of the rows of this range, as a worker tells them. */
export class RangeKeys {
  readonly seen = new Seen()
  readonly #before: ReadonlySet<bigint>

  constructor({ repeated }: FeedTask) {
    this.#before = new Set(repeated === undefined ? [] : unpackHashes(repeated))
    for (const value of this.#before) this.seen.addHash(value)
  }

  /** In pieces that fit a row of the queue. */
  *told(): Generator<{ readonly keys: string; readonly count: number }, void, undefined> {
    let some: bigint[] = []
    for (const value of this.seen.hashes()) {
      if (this.#before.has(value)) continue
      some.push(value)
      if (some.length < TOGETHER) continue
      yield { keys: packHashes(some), count: some.length }
      some = []
    }
    if (some.length > 0) yield { keys: packHashes(some), count: some.length }
  }
}

const TOGETHER = 16_384
