import { expect } from 'vitest'
import { ConflictError, DataError, FencedError } from '../../src/core/errors.js'
import { armFailpoint } from '../../src/core/failpoint.js'
import type { Values } from '../../src/core/upsert.js'
import type { UpsertTests, Using } from './upsert-rows.js'
import { badItems, batch, context, expectRows, FLOW, ITEMS, PARENTS, rowsets, write } from './upsert-subject.js'

/** Positions, repetition, refusal and lanes. */
export function upsertingSafely(using: Using): UpsertTests {
  return { ...savingPositions(using), ...fenced(using), ...refusing(using), ...fromLanes(using) }
}

function savingPositions(using: Using): UpsertTests {
  return {
    'saves the position with the rows, and that of a batch without rows': using([ITEMS], async (harness) => {
      const sink = await harness.sink([ITEMS])
      await sink.write(batch(rowsets({ id: 1, version: 1 }), '1'), context())
      await sink.write(batch([], '2'), context({ expected: '1' }))
      await sink.write(batch([{ rows: [[]] }], '3'), context({ expected: '2' }))
      await sink.write(batch([]), context())
      expect(await sink.checkpoints.load(FLOW)).toEqual(new Map([['a', '3']]))
      await expectRows(harness, ITEMS, [{ id: '1', version: '1', a: 'none', b: null }])
    }),
    'stores neither rows nor position when the checkpoint has moved': using([ITEMS], async (harness) => {
      const sink = await harness.sink([ITEMS])
      await sink.write(batch(rowsets({ id: 1, version: 1 }), '1'), context())
      for (const expected of [undefined, '0']) {
        const moved = sink.write(batch(rowsets({ id: 1, version: 2 }, { id: 2 }), '2'), context({ expected }))
        await expect(moved).rejects.toBeInstanceOf(ConflictError)
      }
      expect(await sink.checkpoints.load(FLOW)).toEqual(new Map([['a', '1']]))
      await expectRows(harness, ITEMS, [{ id: '1', version: '1', a: 'none', b: null }])
    }),
    'changes nothing when a batch comes again': using([ITEMS], async (harness) => {
      const sink = await harness.sink([ITEMS])
      const rows = [
        { id: 1, version: 2, a: 'two' },
        { id: 1, version: 1, a: 'one' },
        { id: 2, version: 1, a: 'one' },
      ]
      await sink.write(batch(rowsets(...rows), '1'), context())
      // As after a COMMIT whose answer was lost: first with the position as it was then, then with none.
      await expect(sink.write(batch(rowsets(...rows), '1'), context({ attempt: 2 }))).rejects.toBeInstanceOf(
        ConflictError,
      )
      await sink.write(batch(rowsets(...rows)), context({ attempt: 2 }))
      await write(sink, ...rows.toReversed())
      await expectRows(harness, ITEMS, [
        { id: '1', version: '2', a: 'two', b: null },
        { id: '2', version: '1', a: 'one', b: null },
      ])
    }),
  }
}

function fenced(using: Using): UpsertTests {
  return {
    'stores nothing under an epoch that is not that of the fence, with a position or without, and says so': using(
      [ITEMS],
      async (harness) => {
        const sink = await harness.sink([ITEMS])
        await harness.leases.raise(FLOW, 2)
        await sink.write(batch(rowsets({ id: 1, version: 1 }), '1'), context({ epoch: 2 }))
        await sink.write(batch(rowsets({ id: 1, version: 2 }), '2'), context({ epoch: 2, expected: '1' }))
        await sink.write(batch(rowsets({ id: 2 })), context({ epoch: 2 }))
        await harness.leases.raise(FLOW, 3)
        const late = [
          { position: '3', expected: '2' },
          { position: '3', expected: undefined, lane: 'b' },
          { position: undefined, expected: undefined },
        ]
        for (const { position, expected, lane } of late) {
          const written = sink.write(batch(rowsets({ id: 3 }), position, lane), context({ epoch: 2, expected }))
          await expect(written).rejects.toBeInstanceOf(FencedError)
        }
        const moved = sink.write(batch(rowsets({ id: 3 }), '3'), context({ epoch: 3, expected: '1' }))
        await expect(moved).rejects.toBeInstanceOf(ConflictError)
        expect(await sink.checkpoints.load(FLOW)).toEqual(new Map([['a', '2']]))
        await expectRows(harness, ITEMS, [
          { id: '1', version: '2', a: 'none', b: null },
          { id: '2', version: null, a: 'none', b: null },
        ])
      },
    ),
    'lets whoever has passed the fence commit before it is raised': using([ITEMS], async (harness) => {
      const sink = await harness.sink([ITEMS])
      await harness.leases.raise(FLOW, 1)
      let seen: Promise<number> | undefined
      const raise = (): void => {
        seen ??= harness.leases.raise(FLOW, 2).then(async () => (await harness.stored(ITEMS)).length)
      }
      const disarm = armFailpoint('upsert:before-commit', raise)
      try {
        await sink.write(batch(rowsets({ id: 1 }, { id: 2 }), '1'), context({ epoch: 1 }))
      } finally {
        disarm()
      }
      raise()
      expect(await seen).toBe(2)
      const late = sink.write(batch(rowsets({ id: 3 }), '2'), context({ epoch: 1, expected: '1' }))
      await expect(late).rejects.toBeInstanceOf(FencedError)
    }),
  }
}

function refusing(using: Using): UpsertTests {
  return {
    'stores nothing of a batch with a row that the table refuses, and tells which item it is': using(
      [PARENTS],
      async (harness) => {
        const sink = await harness.sink([PARENTS])
        const items = rowsets({ id: 1, name: 'one' }, { id: 2, name: null }, { id: 3, name: 'three' })
        const refused = sink.write(batch(items, '1'), context())
        await expect(refused).rejects.toBeInstanceOf(DataError)
        expect(await badItems(sink, items, 'not-null-violation')).toEqual([1])
        expect(await sink.checkpoints.load(FLOW)).toEqual(new Map())
        await expectRows(harness, PARENTS, [])
      },
    ),
    'refuses a row without a value in its key': using([ITEMS], async (harness) => {
      const sink = await harness.sink([ITEMS])
      const items = rowsets({ id: 1 }, { a: 'x' }, { id: undefined, a: 'x' }, { id: null })
      expect(await badItems(sink, items, 'key-missing')).toEqual([1, 2, 3])
    }),
    'refuses a column that the table does not have': using([ITEMS], async (harness) => {
      const sink = await harness.sink([ITEMS])
      expect(await badItems(sink, rowsets({ id: 1 }, { id: 2, nowhere: 'x' }), 'column-unknown')).toEqual([1])
    }),
    'refuses text with a NUL or half a surrogate pair, unless told to strip or escape it': using(
      [ITEMS],
      async (harness) => {
        const items = rowsets({ id: 1, a: 'whole \ud83d\ude00' }, { id: 2, a: 'nul\0' }, { id: 3, b: 'half \ud83d' })
        expect(await badItems(await harness.sink([ITEMS]), items, 'invalid-text')).toEqual([1, 2])
        await (await harness.sink([ITEMS], { invalidText: 'strip' })).write(batch(items.slice(0, 2)), context())
        await (await harness.sink([ITEMS], { invalidText: 'escape' })).write(batch(items.slice(2)), context())
        await expectRows(harness, ITEMS, [
          { id: '1', version: null, a: 'whole \ud83d\ude00', b: null },
          { id: '2', version: null, a: 'nul', b: null },
          { id: '3', version: null, a: 'none', b: 'half \\ud83d' },
        ])
      },
    ),
    'probes without any effect': using([ITEMS, PARENTS], async (harness) => {
      const sink = await harness.sink([ITEMS])
      await sink.probe(rowsets({ id: 1, version: 1 }), context())
      await sink.probe([], context())
      const parents = await harness.sink([PARENTS])
      await expect(parents.probe(rowsets({ id: 1, name: null }), context())).rejects.toBeInstanceOf(DataError)
      await expectRows(harness, ITEMS, [])
      expect(await sink.checkpoints.load(FLOW)).toEqual(new Map())
    }),
    'does not write when its signal has aborted': using([ITEMS], async (harness) => {
      const sink = await harness.sink([ITEMS])
      const aborted = context({ signal: AbortSignal.abort() })
      await expect(sink.write(batch(rowsets({ id: 1 })), aborted)).rejects.toBeDefined()
      await expectRows(harness, ITEMS, [])
    }),
  }
}

const LANES = 4
const BATCHES = 12
const KEYS = 60

function fromLanes(using: Using): UpsertTests {
  return {
    'takes shuffled, overlapping keys from several lanes at once: no deadlock, and the newest of each': using(
      [ITEMS],
      async (harness) => {
        const sink = await harness.sink([ITEMS])
        // Versions are all different, so the newest of a key is one row, whatever the order of the lanes.
        const rows: Values[] = []
        for (let version = 0; version < LANES * BATCHES * KEYS; version++) {
          rows.push({ id: (version * 7919) % KEYS, version: (version * 104_729) % 1_000_003, a: `row ${version}` })
        }
        const newest = new Map<unknown, Values>()
        for (const row of rows) {
          if (Number(row['version']) > Number(newest.get(row['id'])?.['version'] ?? -1)) newest.set(row['id'], row)
        }
        const lane = async (number: number): Promise<void> => {
          for (let at = 0; at < BATCHES; at++) {
            const from = (number * BATCHES + at) * KEYS
            const expected = at === 0 ? undefined : String(at - 1)
            const items = rowsets(...rows.slice(from, from + KEYS))
            await sink.write(batch(items, String(at), `lane ${number}`), context({ expected }))
          }
        }
        await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)))
        await expectRows(
          harness,
          ITEMS,
          [...newest.values()].map(({ id, version, a }) => ({
            id: `${id}`,
            version: `${version}`,
            a: `${a}`,
            b: null,
          })),
        )
        expect((await sink.checkpoints.load(FLOW)).size).toBe(LANES)
      },
    ),
  }
}
