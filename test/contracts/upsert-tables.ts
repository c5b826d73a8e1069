import type { Rowset, UpsertSink } from '../../src/core/upsert.js'
import type { UpsertTests, Using } from './upsert-rows.js'
import { badItems, batch, CHILDREN, context, expectRows, PARENTS } from './upsert-subject.js'

/** Several tables in one sink. Sinks are made of (CHILDREN, PARENTS), children first. */
export function upsertingTables(using: Using): UpsertTests {
  const tables = [PARENTS, CHILDREN]
  const family = (
    parents: readonly number[],
    children: readonly (readonly [id: number, parent: number])[],
  ): Rowset => ({
    rows: [
      children.map(([id, parent]) => ({ id, parent, name: `child ${id}` })),
      parents.map((id) => ({ id, name: `parent ${id}` })),
    ],
  })
  const store = (sink: UpsertSink, ...items: readonly Rowset[]) => sink.write(batch(items), context())

  return {
    'writes parents before children, in whatever order they come': using(tables, async (harness) => {
      const sink = await harness.sink([CHILDREN, PARENTS])
      await store(sink, family([], [[1, 10]]), family([], [[2, 20]]), family([20, 10], []), family([30], [[3, 30]]))
      await expectRows(harness, PARENTS, [
        { id: '10', name: 'parent 10' },
        { id: '20', name: 'parent 20' },
        { id: '30', name: 'parent 30' },
      ])
      await expectRows(harness, CHILDREN, [
        { id: '1', parent: '10', name: 'child 1' },
        { id: '2', parent: '20', name: 'child 2' },
        { id: '3', parent: '30', name: 'child 3' },
      ])
    }),
    'refuses a child without its parent, and tells which item it is': using(tables, async (harness) => {
      await harness.insert(PARENTS, { id: '10', name: 'there' })
      const sink = await harness.sink([CHILDREN, PARENTS])
      const items = [family([], [[1, 10]]), family([30], [[3, 30]]), family([], [[2, 20]]), family([40], [])]
      expectSame(await badItems(sink, items, 'foreign-key-violation'), [2])
      await expectRows(harness, CHILDREN, [])
      await expectRows(harness, PARENTS, [{ id: '10', name: 'there' }])
      await store(sink, ...items.filter((_, index) => index !== 2))
      await store(sink, family([20], []))
      await store(sink, family([], [[2, 20]]))
      const stored = await harness.stored(CHILDREN)
      expectSame(stored.map(({ id }) => Number(id)).sort(), [1, 2, 3])
    }),
    'blames no child for what is wrong with another item': using(tables, async (harness) => {
      const sink = await harness.sink([CHILDREN, PARENTS])
      const poison: Rowset = { rows: [[], [{ id: 50, name: null }]] }
      const items = [family([], [[1, 10]]), family([20], []), poison, family([10], []), family([], [[2, 20]])]
      expectSame(await badItems(sink, items, 'not-null-violation'), [2])
    }),
    'takes rows for one of its tables only': using(tables, async (harness) => {
      const sink = await harness.sink([CHILDREN, PARENTS])
      await store(sink, family([10], []))
      await store(sink, family([], [[1, 10]]))
      await store(sink, family([], []))
      await expectRows(harness, CHILDREN, [{ id: '1', parent: '10', name: 'child 1' }])
    }),
  }
}

function expectSame(actual: readonly number[], expected: readonly number[]): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) {
    throw new Error(`expected [${expected.join(', ')}], got [${actual.join(', ')}]`)
  }
}
