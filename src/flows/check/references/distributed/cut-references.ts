import type { GroupsRequest } from '../../../../core/database.js'
import type { KeyOrder } from '../../../../core/groups.js'
import { type Borders, bordersOf, cutKeys, SAMPLED_KEYS } from '../../../distributed/cut-keys.js'
import type { Opened } from '../opened.js'

export interface CutRequest {
  readonly master: GroupsRequest | undefined
  /** At most so many. */
  readonly ranges: number
  readonly signal: AbortSignal
}

/**
 * Ranges of about as many rows of the master, in the order that keys have in all engines. Where its server cannot sample them,
 * all keys of the master are read once.
 */
export async function cutReferences(
  opened: Opened,
  { master, ranges, signal }: CutRequest,
): Promise<readonly Borders[]> {
  const { order, rowKey } = opened.master.info
  const [column = ''] = rowKey
  const sampled = await master?.table.sampleKeys?.({ column, where: master.where, keys: SAMPLED_KEYS }, signal)
  const cut = sampled?.order === order ? cutKeys([sampled], ranges) : undefined
  return cut?.ranges ?? bordersOf(await readKeys(opened, signal), ranges)
}

/** Some of the master's keys, spread evenly. */
async function readKeys({ readers, master }: Opened, signal: AbortSignal): Promise<readonly string[]> {
  const reader = readers[master.reader]
  if (reader === undefined) throw new RangeError('a column of a database that is not read')
  await using snapshot = await reader.snapshot('whole', signal)
  const spread = new Spread()
  for await (const { keys } of snapshot.groups(master.column, { after: undefined }, signal)) spread.add(keys)
  return spread.keys.filter((key) => isBorder(key, master.info.order))
}

/** Keys that every engine can be asked for, also one that cannot hold them. */
function isBorder(key: string, order: KeyOrder): boolean {
  return order === 'number' ? /^-?\d{1,60}$/.test(key) : !key.includes('\0')
}

/** Each so manieth of any number of keys. */
class Spread {
  keys: readonly string[] = []
  #step = 1
  #seen = 0

  add(keys: ArrayLike<string | number>): void {
    const first = (this.#step - (this.#seen % this.#step)) % this.#step
    const more: string[] = []
    for (let at = first; at < keys.length; at += this.#step) more.push(String(keys[at]))
    this.keys = [...this.keys, ...more]
    this.#seen += keys.length
    while (this.keys.length > 2 * SAMPLED_KEYS) {
      this.keys = this.keys.filter((_, at) => at % 2 === 0)
      this.#step *= 2
    }
  }
}
