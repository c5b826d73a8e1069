import { expect } from 'vitest'
import type { CheckpointMove, CheckpointStore } from '../../src/core/checkpoint.js'
import { ConflictError, FencedError } from '../../src/core/errors.js'
import type { LeaseStore } from '../../src/core/lease.js'
import { type ContractOptions, contract } from './contract.js'

export interface CheckpointStoreHarness extends AsyncDisposable {
  readonly store: CheckpointStore
  /** The same checkpoints as another instance of the program sees them; may be `store` where there is only one. */
  readonly other: CheckpointStore
  /** Where the fences of the same flows are. */
  readonly leases: LeaseStore
}

const FLOW = 'contract'
/** Positions are opaque: nothing may be trimmed, folded or cut off. */
const ODD = ' {"pg_xact": "0/16B3748", "ü": "☃"} \\ \' " '.repeat(100)

const move = (lane: string, position: string, expected?: string): CheckpointMove => ({
  flow: FLOW,
  lane,
  position,
  expected,
})

/** What core/checkpoint.ts promises. Each call of `open` gives a store without checkpoints for the flow `contract`. */
export function checkpointStoreContract(
  name: string,
  open: () => Promise<CheckpointStoreHarness>,
  options?: ContractOptions,
): void {
  const using = (test: (harness: CheckpointStoreHarness) => Promise<void>) => async () => {
    await using harness = await open()
    await test(harness)
  }
  contract(
    `${name}: CheckpointStore`,
    {
      'gives an empty map for a flow never seen': using(async ({ store }) => {
        expect(await store.load(FLOW)).toEqual(new Map())
      }),
      'gives back every lane as saved': using(async ({ store, other }) => {
        await store.save(move('a', '1'))
        await store.save(move("b'; --", ODD))
        await store.save(move('a', '2', '1'))
        expect(await other.load(FLOW)).toEqual(
          new Map([
            ['a', '2'],
            ["b'; --", ODD],
          ]),
        )
      }),
      'keeps flows apart': using(async ({ store }) => {
        await store.save(move('a', '1'))
        await store.save({ flow: `${FLOW}-2`, lane: 'a', position: '7', expected: undefined })
        expect(await store.load(FLOW)).toEqual(new Map([['a', '1']]))
      }),
      'gives a map that later saves do not change': using(async ({ store }) => {
        await store.save(move('a', '1'))
        const loaded = await store.load(FLOW)
        await store.save(move('a', '2', '1'))
        expect(loaded.get('a')).toBe('1')
      }),
      'refuses a first position where there is one': using(async ({ store, other }) => {
        await store.save(move('a', '1'))
        await expect(other.save(move('a', '2'))).rejects.toBeInstanceOf(ConflictError)
        expect(await store.load(FLOW)).toEqual(new Map([['a', '1']]))
      }),
      'refuses to move a lane that was never saved': using(async ({ store }) => {
        await expect(store.save(move('a', '2', '1'))).rejects.toBeInstanceOf(ConflictError)
        expect(await store.load(FLOW)).toEqual(new Map())
      }),
      'refuses to move a lane from where it is not': using(async ({ store }) => {
        await store.save(move('a', '1'))
        await store.save(move('a', '2', '1'))
        await expect(store.save(move('a', '3', '1'))).rejects.toBeInstanceOf(ConflictError)
        expect(await store.load(FLOW)).toEqual(new Map([['a', '2']]))
      }),
      'takes the position it has once more': using(async ({ store }) => {
        await store.save(move('a', '1'))
        await store.save(move('a', '1', '1'))
        expect(await store.load(FLOW)).toEqual(new Map([['a', '1']]))
      }),
      'takes away all positions of a flow and of no other, and whoever goes on from them meets a conflict': using(
        async ({ store, other }) => {
          await store.save(move('a', '1'))
          await store.save(move('b', '1'))
          await store.save({ flow: `${FLOW}-2`, lane: 'a', position: '7', expected: undefined })
          expect(await other.reset(FLOW)).toBe(2)
          expect(await other.reset(FLOW)).toBe(0)
          expect(await store.load(FLOW)).toEqual(new Map())
          expect(await store.load(`${FLOW}-2`)).toEqual(new Map([['a', '7']]))
          await expect(store.save(move('a', '2', '1'))).rejects.toBeInstanceOf(ConflictError)
          await store.save(move('a', '1'))
        },
      ),
      'moves no position under an epoch that is not that of the fence, and says so': using(
        async ({ store, other, leases }) => {
          const fence = await leases.raise(FLOW, 2)
          await expect(store.save({ ...move('a', '1'), epoch: fence - 1 })).rejects.toBeInstanceOf(FencedError)
          expect(await store.load(FLOW)).toEqual(new Map())
          await store.save({ ...move('a', '1'), epoch: fence })
          await leases.raise(FLOW, fence + 1)
          await expect(store.save({ ...move('a', '2', '1'), epoch: fence })).rejects.toBeInstanceOf(FencedError)
          expect(await store.load(FLOW)).toEqual(new Map([['a', '1']]))
          await other.save({ ...move('a', '2', '1'), epoch: fence + 1 })
          await expect(other.save({ ...move('a', '3', '1'), epoch: fence + 1 })).rejects.toBeInstanceOf(ConflictError)
        },
      ),
      'lets one of many win at the same moment': using(async ({ store, other }) => {
        for (const expected of [undefined, 'won']) {
          const outcomes = await Promise.allSettled(
            Array.from({ length: 20 }, (_, at) =>
              (at % 2 === 0 ? store : other).save(move('a', expected === undefined ? 'won' : `later ${at}`, expected)),
            ),
          )
          const lost = outcomes.filter((outcome) => outcome.status === 'rejected')
          expect(lost).toHaveLength(19)
          for (const { reason } of lost) expect(reason).toBeInstanceOf(ConflictError)
        }
      }),
    },
    options,
  )
}
