import type { Values } from '../../src/core/upsert.js'
import type { UpsertHarness, UpsertTable } from './upsert-harness.js'
import { batch, context, expectRows, ITEMS, MARKS, PLAIN, rowsets, write } from './upsert-subject.js'

export type UpsertTests = Readonly<Record<string, () => Promise<void>>>

/** Wraps a test: it gets a database with these tables. */
export type Using = (
  tables: readonly UpsertTable[],
  test: (harness: UpsertHarness) => Promise<void>,
) => () => Promise<void>

/** Which of the rows of a key is stored. */
export function upsertingRows(using: Using): UpsertTests {
  return { ...newestWins(using), ...lastWins(using), ...columnsLeftOut(using) }
}

function newestWins(using: Using): UpsertTests {
  return {
    'inserts what is new and updates by newer versions only': using([ITEMS], async (harness) => {
      const sink = await harness.sink([ITEMS])
      await write(
        sink,
        { id: 1, version: 5, a: 'old' },
        { id: 2, version: 5, a: 'old' },
        { id: 3, version: 5, a: 'old' },
      )
      await write(
        sink,
        { id: 1, version: 6, a: 'new' },
        { id: 2, version: 4, a: 'new' },
        { id: 3, version: 5, a: 'new' },
      )
      await expectRows(harness, ITEMS, [
        { id: '1', version: '6', a: 'new', b: null },
        { id: '2', version: '5', a: 'old', b: null },
        { id: '3', version: '5', a: 'old', b: null },
      ])
    }),
    'compares versions as numbers, not as text': using([ITEMS], async (harness) => {
      const sink = await harness.sink([ITEMS])
      await write(
        sink,
        { id: 1, version: 9, a: 'nine' },
        { id: 1, version: 10, a: 'ten' },
        { id: 2, version: 10, a: 'ten' },
      )
      await write(sink, { id: 2, version: 9, a: 'nine' })
      await expectRows(harness, ITEMS, [
        { id: '1', version: '10', a: 'ten', b: null },
        { id: '2', version: '10', a: 'ten', b: null },
      ])
    }),
    'stores the newest row of a key that is in a batch more than once': using([ITEMS], async (harness) => {
      const sink = await harness.sink([ITEMS])
      await write(
        sink,
        { id: 1, version: 2, a: 'second' },
        { id: 1, version: 3, a: 'third' },
        { id: 2, version: 1, a: 'other' },
        { id: 1, version: 1, a: 'first' },
      )
      await expectRows(harness, ITEMS, [
        { id: '1', version: '3', a: 'third', b: null },
        { id: '2', version: '1', a: 'other', b: null },
      ])
    }),
    'keeps the first of two rows with one version, in a batch and over batches': using([ITEMS], async (harness) => {
      const sink = await harness.sink([ITEMS])
      await write(sink, { id: 1, version: 1, a: 'first' }, { id: 1, version: 1, a: 'second' })
      await write(sink, { id: 1, version: 1, a: 'third' })
      await expectRows(harness, ITEMS, [{ id: '1', version: '1', a: 'first', b: null }])
    }),
    'takes no version for older than any, stored or come': using([ITEMS], async (harness) => {
      await harness.insert(ITEMS, { id: '1', version: null, a: 'old', b: null })
      await harness.insert(ITEMS, { id: '2', version: null, a: 'old', b: null })
      const sink = await harness.sink([ITEMS])
      await write(sink, { id: 1, version: 0, a: 'new' }, { id: 2, version: null, a: 'new' })
      await write(
        sink,
        { id: 3, version: null, a: 'null' },
        { id: 3, version: -1, a: 'some' },
        { id: 1, version: null, a: 'x' },
      )
      await expectRows(harness, ITEMS, [
        { id: '1', version: '0', a: 'new', b: null },
        { id: '2', version: null, a: 'old', b: null },
        { id: '3', version: '-1', a: 'some', b: null },
      ])
    }),
    'inserts a row that leaves its version out, and never updates by it': using([ITEMS], async (harness) => {
      const sink = await harness.sink([ITEMS])
      await write(sink, { id: 1, a: 'first' }, { id: 1, a: 'second' })
      await write(sink, { id: 1, version: 1, b: 'b' })
      await write(sink, { id: 1, a: 'third' })
      await expectRows(harness, ITEMS, [{ id: '1', version: '1', a: 'first', b: 'b' }])
    }),
  }
}

function lastWins(using: Using): UpsertTests {
  return {
    'without a version, stores the row that comes last': using([PLAIN], async (harness) => {
      const sink = await harness.sink([PLAIN])
      await write(sink, { area: 'x', id: 1, a: '1' }, { area: 'x', id: 2, a: '2' }, { area: 'x', id: 1, a: '3' })
      await write(sink, { area: 'x', id: 2, a: '4' }, { area: 'y', id: 2, a: '5' })
      await expectRows(harness, PLAIN, [
        { area: 'x', id: '1', a: '3', b: null },
        { area: 'x', id: '2', a: '4', b: null },
        { area: 'y', id: '2', a: '5', b: null },
      ])
    }),
    'stores a table that is all key': using([MARKS], async (harness) => {
      const sink = await harness.sink([MARKS])
      await write(sink, { area: 'x', id: 1 }, { area: 'x', id: 1 }, { area: 'x', id: 2 })
      await write(sink, { area: 'x', id: 2 }, { area: 'x', id: 3 })
      await expectRows(harness, MARKS, [
        { area: 'x', id: '1' },
        { area: 'x', id: '2' },
        { area: 'x', id: '3' },
      ])
    }),
    'takes several rows of a table from one item, in their order': using([PLAIN], async (harness) => {
      const sink = await harness.sink([PLAIN])
      const rows = [
        { area: 'x', id: 1, a: 'first' },
        { area: 'x', id: 1, a: 'last' },
      ]
      await sink.write(batch([{ rows: [rows] }, { rows: [[]] }]), context())
      await expectRows(harness, PLAIN, [{ area: 'x', id: '1', a: 'last', b: null }])
    }),
  }
}

function columnsLeftOut(using: Using): UpsertTests {
  return {
    'gives columns that are left out their default on insert, and leaves them alone on update': using(
      [PLAIN],
      async (harness) => {
        const sink = await harness.sink([PLAIN])
        await write(sink, { area: 'x', id: 1, b: 'b' }, { area: 'x', id: 2, a: 'a', b: 'b' })
        await write(sink, { area: 'x', id: 1, b: 'b2' }, { area: 'x', id: 2, a: undefined, b: 'b2' })
        await expectRows(harness, PLAIN, [
          { area: 'x', id: '1', a: 'none', b: 'b2' },
          { area: 'x', id: '2', a: 'a', b: 'b2' },
        ])
      },
    ),
    'writes NULL where a row says null': using([PLAIN], async (harness) => {
      const sink = await harness.sink([PLAIN])
      await write(sink, { area: 'x', id: 1, a: null, b: 'b' })
      await write(sink, { area: 'x', id: 1, b: null })
      await expectRows(harness, PLAIN, [{ area: 'x', id: '1', a: null, b: null }])
    }),
    'stores rows of one key with different columns as if they came one by one': using(
      [ITEMS, PLAIN],
      async (harness) => {
        await write(
          await harness.sink([PLAIN]),
          { area: 'x', id: 1, a: 'a1' },
          { area: 'x', id: 1, b: 'b1' },
          { area: 'x', id: 2, b: 'b1' },
          { area: 'x', id: 1, a: 'a2' },
          { area: 'x', id: 2, a: 'a1', b: null },
        )
        await expectRows(harness, PLAIN, [
          { area: 'x', id: '1', a: 'a2', b: 'b1' },
          { area: 'x', id: '2', a: 'a1', b: null },
        ])
        const rows: readonly Values[] = [
          { id: 1, version: 2, a: 'two' },
          { id: 1, version: 3, b: 'three' },
          { id: 1, version: 1, a: 'one', b: 'one' },
          { id: 1, version: 3, a: 'late' },
        ]
        await (await harness.sink([ITEMS])).write(batch(rowsets(...rows)), context())
        await expectRows(harness, ITEMS, [{ id: '1', version: '3', a: 'two', b: 'three' }])
      },
    ),
  }
}
