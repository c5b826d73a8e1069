import { expect, it } from 'vitest'
import { memoryTable } from '../adapters/memory/table.js'
import type { CheckProgress } from '../core/progress.js'
import type { Row, TableSchema } from '../core/table.js'
import { compare } from './compare.js'

const column = (name: string) => ({ name, type: 'text', nullable: false, hasDefault: false })
const schema: TableSchema = { name: 'public.t', columns: [column('id'), column('a')], key: ['id'] }

const rows = (count: number, value: string): Row[] => Array.from({ length: count }, (_, id) => [String(id), value])

async function told(left: readonly Row[], right: readonly Row[]): Promise<readonly CheckProgress[]> {
  const told: CheckProgress[] = []
  const progress = (one: CheckProgress): void => void told.push(one)
  const comparison = compare(memoryTable(schema, left), memoryTable(schema, right), {
    settleMs: 0,
    progress,
    expectedDigestMs: 70,
  })
  for await (const batch of comparison.read(new Map(), new AbortController().signal))
    await comparison.acknowledge(batch)
  return told
}

it('tells of equal tables that they are digested, and how long that took the last time', async () => {
  const same = rows(100, 'a')
  expect(await told(same, same)).toEqual([{ phase: 'digest', done: 0, of: undefined, expectedMs: 70 }])
})

it('tells phase by phase, every some thousand rows, and goes up to all of them', async () => {
  const all = await told(rows(30_000, 'a'), rows(30_000, 'b'))
  expect(new Set(all.map(({ phase }) => phase))).toEqual(new Set(['digest', 'narrow', 'fetch', 'confirm']))
  const fetching = all.filter(({ phase }) => phase === 'fetch')
  expect(fetching.length).toBeGreaterThan(3)
  expect(fetching.length).toBeLessThan(20)
  expect(fetching.map(({ done }) => done)).toEqual(fetching.map(({ done }) => done).toSorted((a, b) => a - b))
  expect(fetching.every(({ of }) => of === 60_000)).toBe(true)
  expect(fetching.at(-1)?.done).toBeGreaterThan(50_000)
  for (const { done, of } of all) expect(done).toBeLessThanOrEqual(of ?? 0)
})
