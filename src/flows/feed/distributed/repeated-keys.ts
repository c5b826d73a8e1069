import { DataError, UnavailableError } from '../../../core/errors.js'
import type { Preset } from '../preset.js'
import { Seen } from '../seen.js'
import { packHashes } from './key-hashes.js'
import type { QueuedRanges } from './queued-ranges.js'
import type { FeedTask } from './range-task.js'

/** More in one range are told as they are: the feed is not going to be published. */
const MOST_REPEATED = 100_000
/** Each range is read again at the same moment, so that one more is enough; where moments differ, keys may have moved. */
const MOST_ROUNDS = 5

export interface Settling {
  readonly ranges: Pick<QueuedRanges, 'results' | 'keys' | 'again'>
  readonly tasks: readonly FeedTask[]
  readonly preset: Pick<Preset, 'key'>
  /** Waits for ranges; `false`: so many rows are bad that the feed is lost. */
  follow(): Promise<boolean>
}

/**
 * Has the ranges with keys that a range before has written again without these rows, so that of equal keys the first in the
 * order of the table is published, as where one process reads all of it. Of a key 8 bytes are kept, in memory and in the queue.
 */
export async function settleRepeats({ ranges, tasks, preset, follow }: Settling): Promise<void> {
  const known = new Map<number, readonly bigint[]>()
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const fresh = await repeatsIn(ranges)
    if (fresh.size === 0) return
    const again = new Map<number, FeedTask>()
    for (const [index, hashes] of fresh) {
      const repeated = [...(known.get(index) ?? []), ...hashes]
      if (repeated.length > MOST_REPEATED) throw tooMany(preset)
      known.set(index, repeated)
      const task = tasks[index]
      const left = ranges.results.get(index)?.files ?? []
      if (task !== undefined) again.set(index, { ...task, left: left.map(leftFile), repeated: packHashes(repeated) })
    }
    await ranges.again(again)
    if (!(await follow())) return
  }
  throw unsettled(preset)
}

/** The keys of each range that a range before has. */
async function repeatsIn(ranges: Settling['ranges']): Promise<ReadonlyMap<number, readonly bigint[]>> {
  const seen = new Seen()
  const repeats = new Map<number, bigint[]>()
  for (const index of ranges.results.keys()) {
    const found: bigint[] = []
    for await (const hashes of ranges.keys(index)) {
      for (const value of hashes) if (seen.addHash(value)) found.push(value)
      if (found.length > MOST_REPEATED) break
    }
    if (found.length > 0) repeats.set(index, found)
  }
  return repeats
}

function leftFile({ name, bytes }: FeedTask['left'][number]): FeedTask['left'][number] {
  return { name, bytes }
}

function tooMany({ key }: Settling['preset']): DataError {
  const message = `more than ${MOST_REPEATED} rows of one range have the ${key} of a row before, and it must be unique; nothing was published. Correct map or the rows`
  return new DataError('feed-repeated', message)
}

function unsettled({ key }: Settling['preset']): UnavailableError {
  const message = `rows with the same ${key} came up in other ranges each time they were read: each range is read at a moment of its own, and the table changes fast. Try again, or remove distribute`
  return new UnavailableError('feed-unsettled', message)
}
