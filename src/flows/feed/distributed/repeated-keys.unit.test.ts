import { describe, expect, it } from 'vitest'
import type { Preset } from '../preset.js'
import { unpackHashes } from './key-hashes.js'
import type { FeedRange, FeedTask } from './range-task.js'
import { type Settling, settleRepeats } from './repeated-keys.js'

const PRESET: Pick<Preset, 'key'> = { key: 'entity_id' }
const TASK: FeedTask = {
  ...{ name: 'facilities', sequence: 1, run: '0'.repeat(16), generation: { timestamp: 1, nonce: 1 } },
  ...{ database: 'db', schema: 'schema', range: {}, left: [] },
}

/** Ranges whose keys in each round are what `keys` says; answers the keys that each was told in the last one. */
async function settle(keys: (round: number) => readonly (readonly bigint[])[], following = true) {
  let round = 0
  const told = new Map<number, readonly bigint[]>()
  const one: FeedRange = { files: [], read: 0, skipped: 0, rejected: 0, keys: 0 }
  const ranges: Settling['ranges'] = {
    results: new Map(keys(0).map((_, index) => [index, one])),
    async *keys(index) {
      yield BigUint64Array.from(keys(round)[index] ?? [])
    },
    again: async (tasks) => {
      round++
      for (const [index, { repeated = '' }] of tasks) told.set(index, [...unpackHashes(repeated)])
    },
  }
  const tasks = keys(0).map(() => TASK)
  await settleRepeats({ ranges, tasks, preset: PRESET, follow: async () => following })
  return { rounds: round, told }
}

describe('equal keys in several ranges', () => {
  it('are left to the first of these', async () => {
    const rounds = [
      [
        [1n, 2n],
        [3n, 2n],
        [1n, 4n, 3n],
      ],
      [[1n, 2n], [3n], [4n]],
    ]
    const { rounds: done, told } = await settle((round) => rounds[round] ?? [])
    expect(done).toBe(1)
    expect(told).toEqual(
      new Map([
        [1, [2n]],
        [2, [1n, 3n]],
      ]),
    )
  })

  it('are none', async () => {
    expect(await settle(() => [[1n], [], [2n]])).toMatchObject({ rounds: 0 })
  })

  it('that came up in between are left out with those before', async () => {
    const moved = [
      [[1n], [1n]],
      [[1n, 5n], [5n]],
      [[1n, 5n], []],
    ]
    const { told } = await settle((round) => moved[round] ?? [])
    expect(told.get(1)).toEqual([1n, 5n])
  })

  it('that come up each time are told', async () => {
    const unsettled = settle((round) => [[BigInt(round + 1)], [BigInt(round + 1)]])
    await expect(unsettled).rejects.toMatchObject({ code: 'feed-unsettled' })
  })

  it('end the run at once where there are very many', async () => {
    const many = Array.from({ length: 100_001 }, (_, index) => BigInt(index + 1))
    await expect(settle(() => [many, many])).rejects.toMatchObject({ code: 'feed-repeated' })
  })

  it('are not looked for once the feed is lost', async () => {
    expect(await settle(() => [[1n], [1n]], false)).toMatchObject({ rounds: 1 })
  })
})
