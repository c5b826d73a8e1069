import { expect } from 'vitest'
import type { LeaseStore } from '../../src/core/lease.js'
import { type ContractOptions, contract } from './contract.js'

export interface LeaseStoreHarness extends AsyncDisposable {
  readonly store: LeaseStore
  /** The same leases as another instance of the program sees them; may be `store` where there is only one. */
  readonly other: LeaseStore
  /** Makes all leases expire this many seconds earlier. */
  age(seconds: number): Promise<void>
}

const FLOW = 'contract'
const ONE = { name: 'one/1', id: '{"pid": 1} \\ \' 1' }
const TWO = { name: 'two/2', id: 'two' }
const MS = 60_000
const first = { epoch: undefined, holder: ONE, ms: MS }

/** What core/lease.ts promises. Each call of `open` gives a store without leases and fences of the flow `contract`. */
export function leaseStoreContract(
  name: string,
  open: () => Promise<LeaseStoreHarness>,
  options?: ContractOptions,
): void {
  const using = (test: (harness: LeaseStoreHarness) => Promise<void>) => async () => {
    await using harness = await open()
    await test(harness)
  }
  contract(
    `${name}: LeaseStore`,
    {
      'gives a lease that nobody took to whoever asks first, and tells the others who has it': using(
        async ({ store, other }) => {
          expect(await store.look(FLOW)).toBeUndefined()
          expect(await store.take(FLOW, first)).toBe(1)
          expect(await other.take(FLOW, { ...first, holder: TWO })).toBeUndefined()
          expect(await other.take(FLOW, { ...first, epoch: 1, holder: TWO })).toBeUndefined()
          const seen = await other.look(FLOW)
          expect(seen).toMatchObject({ epoch: 1, holder: ONE })
          expect(seen?.leftMs).toBeGreaterThan(0)
          expect(seen?.leftMs).toBeLessThanOrEqual(MS)
          expect(Math.abs(Date.parse(seen?.since ?? '') - Date.now())).toBeLessThan(MS)
          expect(await store.look(`${FLOW}-2`)).toBeUndefined()
        },
      ),
      'gives it to one of many who ask at the same moment': using(async ({ store, other }) => {
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? store : other).take(FLOW, first)),
        )
        expect(answers.filter((epoch) => epoch !== undefined)).toEqual([1])
      }),
      'gives an expired one to whoever has looked at it, under a greater epoch': using(
        async ({ store, other, age }) => {
          await store.take(FLOW, first)
          await age(90)
          expect((await other.look(FLOW))?.leftMs).toBeLessThanOrEqual(0)
          expect(await other.take(FLOW, { epoch: undefined, holder: TWO, ms: MS })).toBeUndefined()
          const answers = await Promise.all([1, 2].map(() => other.take(FLOW, { epoch: 1, holder: TWO, ms: MS })))
          expect(answers.filter((epoch) => epoch !== undefined)).toEqual([2])
          expect(await store.renew(FLOW, 1, MS)).toBe(false)
          await store.release(FLOW, 1)
          expect(await store.look(FLOW)).toMatchObject({ epoch: 2, holder: TWO })
        },
      ),
      'gives one that is held when told so, and an epoch over another': using(async ({ store, other }) => {
        await store.take(FLOW, first)
        expect(await other.take(FLOW, { epoch: 1, holder: TWO, ms: MS, held: true, above: 41 })).toBe(42)
        expect(await store.renew(FLOW, 1, MS)).toBe(false)
        expect(await other.renew(FLOW, 42, MS)).toBe(true)
      }),
      'renews what is held, and what has expired if nobody took it; each time there is another mark': using(
        async ({ store, other, age }) => {
          await store.take(FLOW, first)
          const marks = [(await other.look(FLOW))?.renewal]
          for (const seconds of [1, 90]) {
            await age(seconds)
            expect(await store.renew(FLOW, 1, 2 * MS)).toBe(true)
            const seen = await other.look(FLOW)
            expect(seen?.leftMs).toBeGreaterThan(MS)
            marks.push(seen?.renewal)
          }
          expect(new Set(marks).size).toBe(3)
          expect(await store.renew(`${FLOW}-2`, 1, MS)).toBe(false)
        },
      ),
      'gives back: the next need not wait, and the one before can renew no more': using(async ({ store, other }) => {
        await store.take(FLOW, first)
        await store.release(FLOW, 1)
        const seen = await other.look(FLOW)
        expect(seen).toMatchObject({ epoch: 1, holder: undefined })
        expect(seen?.leftMs).toBeLessThanOrEqual(0)
        expect(await store.renew(FLOW, 1, MS)).toBe(false)
        expect(await other.take(FLOW, { epoch: 1, holder: TWO, ms: MS })).toBe(2)
      }),
      'raises a fence and never lowers it': using(async ({ store, other }) => {
        expect(await store.raise(FLOW, 3)).toBe(3)
        expect(await other.raise(FLOW, 2)).toBe(3)
        expect(await other.raise(FLOW, 5)).toBe(5)
        expect(await store.raise(`${FLOW}-2`, 1)).toBe(1)
      }),
    },
    options,
  )
}
