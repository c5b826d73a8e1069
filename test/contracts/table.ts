import { expect } from 'vitest'
import { type Bucket, type BucketRows, type Row, type Table, WHOLE_TABLE } from '../../src/core/table.js'
import { type ContractOptions, contract } from './contract.js'

/**
 * The table every adapter makes for the suite: key `id` (uuid, or text where there is none), `a` (text, never NULL),
 * `b` (text, may be NULL), in this order.
 */
export interface TableHarness extends AsyncDisposable {
  readonly table: Table
  /** Inserts rows, or replaces those with the same `id`, behind the table's back. */
  put(rows: readonly Row[]): Promise<void>
  /** Deletes rows by `id`. */
  remove(ids: readonly string[]): Promise<void>
  /** Another table with these rows, of the same kind, in another place. */
  twin(rows: readonly Row[]): Promise<Table>
}

const { signal } = new AbortController()

/** What core/table.ts promises. Each call of `open` gives a table with exactly these rows. */
export function tableContract(
  name: string,
  open: (rows: readonly Row[]) => Promise<TableHarness>,
  options?: ContractOptions,
): void {
  const using = (rows: readonly Row[], test: (harness: TableHarness) => Promise<void>) => async () => {
    await using harness = await open(rows)
    await test(harness)
  }
  contract(`${name}: Table`, { ...digesting(using), ...comparing(using), ...reading(using) }, options)
}

type Using = (rows: readonly Row[], test: (harness: TableHarness) => Promise<void>) => () => Promise<void>

function digesting(using: Using) {
  return {
    'knows its columns and its key': using([], async ({ table: { schema } }) => {
      expect(schema.columns.map((column) => column.name)).toEqual(['id', 'a', 'b'])
      expect(schema.columns.map((column) => column.nullable)).toEqual([false, false, true])
      expect(schema.key).toEqual(['id'])
    }),
    'has no digest for an empty table': using([], async ({ table }) => {
      expect(await table.digests([WHOLE_TABLE], 0, { signal })).toEqual(new Map())
      expect(await table.digests([WHOLE_TABLE], 8, { signal })).toEqual(new Map())
    }),
    'digests the whole table at depth 0': using(rows(500), async ({ table }) => {
      const digests = await table.digests([WHOLE_TABLE], 0, { signal })
      expect([...digests.keys()]).toEqual([0])
      expect(digests.get(0)?.rows).toBe(500n)
    }),
    'divides the table into buckets, each row in one': using(rows(500), async ({ table }) => {
      for (const depth of [1, 4, 9, 24]) {
        const digests = await table.digests([WHOLE_TABLE], depth, { signal })
        expect(total(digests)).toBe(500n)
        for (const [index, { rows: count }] of digests) {
          expect(index).toBeGreaterThanOrEqual(0)
          expect(index).toBeLessThan(2 ** depth)
          expect(count).toBeGreaterThan(0n)
        }
      }
    }),
    'spreads rows evenly': using(rows(500), async ({ table }) => {
      const digests = await table.digests([WHOLE_TABLE], 2, { signal })
      expect(digests.size).toBe(4)
      for (const { rows: count } of digests.values()) expect(count).toBeGreaterThan(60n)
    }),
    'refines a bucket into those it is made of': using(rows(500), async ({ table }) => {
      const coarse = await table.digests([WHOLE_TABLE], 3, { signal })
      const fine = await table.digests([WHOLE_TABLE], 7, { signal })
      for (const [index, digest] of coarse) {
        const parts = [...fine].filter(([part]) => part >> 4 === index)
        expect(total(new Map(parts))).toBe(digest.rows)
        expect(await table.digests([{ depth: 3, index }], 7, { signal })).toEqual(new Map(parts))
      }
    }),
    'digests buckets of different depths in one call': using(rows(500), async ({ table }) => {
      const fine = await table.digests([WHOLE_TABLE], 5, { signal })
      const within: readonly Bucket[] = [
        { depth: 1, index: 0 },
        { depth: 3, index: 6 },
        { depth: 5, index: 31 },
      ]
      const wanted = [...fine].filter(([index]) => index < 16 || index >> 2 === 6 || index === 31)
      expect(await table.digests(within, 5, { signal })).toEqual(new Map(wanted))
    }),
    'digests nothing for no buckets': using(rows(5), async ({ table }) => {
      expect(await table.digests([], 4, { signal })).toEqual(new Map())
    }),
    'ends when its signal aborts': using(rows(5), async ({ table }) => {
      await expect(table.digests([WHOLE_TABLE], 0, { signal: AbortSignal.abort() })).rejects.toBeDefined()
    }),
  }
}

function comparing(using: Using) {
  const whole = async (table: Table) => (await table.digests([WHOLE_TABLE], 0, { signal })).get(0)
  return {
    'gives equal digests for equal rows in another order and place': using(rows(500), async ({ table, twin }) => {
      const other = await twin([...rows(500)].reverse())
      expect(other.hashing).toBe(table.hashing)
      expect(await other.digests([WHOLE_TABLE], 6, { signal })).toEqual(
        await table.digests([WHOLE_TABLE], 6, { signal }),
      )
    }),
    'gives another digest once a row is added, changed or taken away': using(rows(100), async (harness) => {
      const { table } = harness
      const before = await whole(table)
      await harness.put([row(100)])
      expect((await whole(table))?.rows).toBe(101n)
      await harness.remove([id(100)])
      expect(await whole(table)).toEqual(before)
      await harness.put([[id(7), 'changed', null]])
      const changed = await whole(table)
      expect(changed?.rows).toBe(100n)
      expect(changed?.sum).not.toBe(before?.sum)
      await harness.put([row(7)])
      expect(await whole(table)).toEqual(before)
    }),
    'shows a change in its bucket alone': using(rows(500), async ({ table, put }) => {
      const before = await table.digests([WHOLE_TABLE], 8, { signal })
      await put([[id(7), 'changed', null]])
      const after = await table.digests([WHOLE_TABLE], 8, { signal })
      const moved = [...after].filter(([index, digest]) => digest.sum !== before.get(index)?.sum)
      expect(moved).toHaveLength(1)
      const [index = -1] = moved[0] ?? []
      expect((await collect(table, [{ depth: 8, index }])).map(([key]) => key)).toContain(id(7))
    }),
    'tells apart what concatenation would not': using([], async ({ table, put }) => {
      const sums = new Set<bigint | undefined>()
      const alike: readonly Row[] = [
        [id(1), 'ab', 'c'],
        [id(1), 'a', 'bc'],
        [id(1), 'abc', ''],
        [id(1), 'abc', null],
        [id(1), '', 'abc'],
        [id(1), 'NULL', null],
        [id(1), 'NULL', 'NULL'],
        [id(1), '', null],
        [id(1), '', ''],
      ]
      for (const one of alike) {
        await put([one])
        sums.add((await whole(table))?.sum)
      }
      expect(sums.size).toBe(alike.length)
    }),
    'tells apart two rows that swap their values': using([], async ({ table, put }) => {
      await put([
        [id(1), 'x', null],
        [id(2), 'y', null],
      ])
      const before = await whole(table)
      await put([
        [id(1), 'y', null],
        [id(2), 'x', null],
      ])
      expect((await whole(table))?.sum).not.toBe(before?.sum)
    }),
  }
}

function reading(using: Using) {
  return {
    'scans every row once, as it is': using([...rows(2_500), ...odd()], async ({ table }) => {
      expect(sorted(await collect(table, [WHOLE_TABLE]))).toEqual(sorted([...rows(2_500), ...odd()]))
    }),
    'scans exactly the rows of the buckets': using(rows(500), async ({ table }) => {
      const digests = await table.digests([WHOLE_TABLE], 3, { signal })
      const all: Row[] = []
      for (const [index, digest] of digests) {
        const inside = await collect(table, [{ depth: 3, index }])
        expect(BigInt(inside.length)).toBe(digest.rows)
        all.push(...inside)
      }
      expect(sorted(all)).toEqual(sorted(rows(500)))
      const two = await collect(table, [
        { depth: 3, index: 0 },
        { depth: 2, index: 3 },
      ])
      const count = [0, 6, 7].reduce((sum, index) => sum + (digests.get(index)?.rows ?? 0n), 0n)
      expect(BigInt(two.length)).toBe(count)
    }),
    'scans in the order of buckets': using([...rows(2_500), ...odd()], async ({ table }) => {
      for (const depth of [0, 3, 9]) {
        const digests = await table.digests([WHOLE_TABLE], depth, { signal })
        const some = [...digests.keys()].filter((index) => depth === 0 || index % 3 !== 0)
        const found = await inOrder(
          table,
          some.map((index) => ({ depth, index })),
        )
        expect(found.buckets).toEqual([...found.buckets].sort((left, right) => left - right))
        expect([...new Set(found.buckets)].sort()).toEqual([...some].sort())
        for (const index of some) {
          const inside = found.rows.filter((_, at) => found.buckets[at] === index)
          expect(sorted(inside)).toEqual(sorted(await collect(table, [{ depth, index }])))
          if (depth === 9) break
        }
        expect(found.rows).toHaveLength(some.reduce((sum, index) => sum + Number(digests.get(index)?.rows), 0))
      }
    }),
    'scans nothing in an empty bucket, or in none': using(rows(1), async ({ table }) => {
      const [used] = (await table.digests([WHOLE_TABLE], 1, { signal })).keys()
      expect(await collect(table, [{ depth: 1, index: used === 0 ? 1 : 0 }])).toEqual([])
      expect(await collect(table, [])).toEqual([])
      expect(await inOrder(table, [])).toEqual({ rows: [], buckets: [] })
    }),
    'ends a scan when its signal aborts': using(rows(5), async ({ table }) => {
      const scan = table.scan([WHOLE_TABLE], AbortSignal.abort())
      await expect(scan[Symbol.asyncIterator]().next()).rejects.toBeDefined()
    }),
    'looks up the rows that are there': using([...rows(20), ...odd()], async ({ table, put, remove }) => {
      const found = await table.lookup([[id(3)], [id(999)], [id(5)]], signal)
      expect(sorted(found)).toEqual(sorted([row(3), row(5)]))
      const [first = []] = odd()
      expect(await table.lookup([[first[0] ?? null]], signal)).toEqual([first])
      await put([[id(3), 'changed', null]])
      await remove([id(5)])
      expect(await table.lookup([[id(3)], [id(5)]], signal)).toEqual([[id(3), 'changed', null]])
    }),
    'looks up a row once though asked twice, and nothing for no keys': using(rows(5), async ({ table }) => {
      expect(await table.lookup([[id(3)], [id(3)]], signal)).toEqual([row(3)])
      expect(await table.lookup([], signal)).toEqual([])
    }),
  }
}

function id(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
}

function row(number: number): Row {
  return [id(number), `value ${number}`, number % 3 === 0 ? null : `other ${number}`]
}

function rows(count: number): readonly Row[] {
  return Array.from({ length: count }, (_, number) => row(number))
}

/** Values that a careless text form would break. */
function odd(): readonly Row[] {
  const values = ['{"a",\\b}', 'NULL', '', ' \t\r\n ', "it's", '☃ ü 𝄞', '\\', '"', ',', '$1']
  return values.map((value, at) => [id(1_000_000 + at), value, value])
}

function sorted(of: readonly Row[]): readonly Row[] {
  return [...of].sort(([left], [right]) => (String(left) < String(right) ? -1 : 1))
}

function total(digests: ReadonlyMap<number, { rows: bigint }>): bigint {
  return [...digests.values()].reduce((sum, digest) => sum + digest.rows, 0n)
}

async function collect(table: Table, within: readonly Bucket[]): Promise<readonly Row[]> {
  const all: Row[] = []
  for await (const some of table.scan(within, signal)) all.push(...some)
  return all
}

async function inOrder(table: Table, within: readonly Bucket[]): Promise<BucketRows> {
  const all: { readonly rows: Row[]; readonly buckets: number[] } = { rows: [], buckets: [] }
  for await (const { rows, buckets } of table.scanInOrder(within, signal)) {
    expect(buckets).toHaveLength(rows.length)
    all.rows.push(...rows)
    all.buckets.push(...buckets)
  }
  return all
}
