import { expect } from 'vitest'
import type { Conflict, ConflictStore, StoredConflict } from '../../src/core/state.js'
import { type ContractOptions, contract } from './contract.js'

export interface ConflictStoreHarness extends AsyncDisposable {
  readonly store: ConflictStore
  /** The same conflicts as another instance of the program sees them. */
  readonly other: ConflictStore
}

const FLOW = 'contract'
const conflict: Conflict = {
  flow: FLOW,
  table: 'public.records',
  key: ['1', null],
  incoming: ['1', null, 'NULL', '{"a":1}\\\' "'],
  existing: ['1', null, '', '9007199254740993'],
  decision: 'kept-both',
}

/** What core/state.ts promises of conflicts. Each call of `open` gives a store without conflicts of the flow `contract`. */
export function conflictStoreContract(
  name: string,
  open: () => Promise<ConflictStoreHarness>,
  options?: ContractOptions,
): void {
  const using = (test: (harness: ConflictStoreHarness) => Promise<void>) => async () => {
    await using harness = await open()
    await test(harness)
  }
  contract(
    `${name}: ConflictStore`,
    {
      'gives back what was recorded, counted, each value as it was': using(async ({ store, other }) => {
        await store.record([conflict, conflict])
        await other.record([conflict])
        const [listed, ...more] = await other.list(FLOW)
        expect(more).toEqual([])
        expect(listed).toEqual({
          ...conflict,
          id: expect.any(String),
          times: 3,
          firstAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
          lastAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        })
      }),
      'lists newest first, in pages that miss none and repeat none, of one flow': using(async ({ store }) => {
        await store.record([{ ...conflict, flow: `${FLOW}-2` }])
        for (let key = 0; key < 7; key++) await store.record([{ ...conflict, key: [String(key)] }])
        // Of one moment, so that only the id tells them apart.
        await store.record(Array.from({ length: 5 }, (_, key) => ({ ...conflict, key: [`together ${key}`] })))
        const all = await store.list(FLOW)
        const seen: StoredConflict[] = []
        for (;;) {
          const page = await store.list(FLOW, { limit: 2, ...(seen.length === 0 ? {} : { after: last(seen) }) })
          if (page.length === 0) break
          seen.push(...page)
        }
        expect(seen).toEqual(all)
        expect(new Set(seen.map(({ id }) => id)).size).toBe(12)
        const times = seen.map(({ firstAt }) => firstAt)
        expect(times).toEqual([...times].sort().reverse())
      }),
    },
    options,
  )
}

function last<Item>(items: readonly Item[]): Item {
  const found = items.at(-1)
  if (found === undefined) throw new RangeError('there is none')
  return found
}
