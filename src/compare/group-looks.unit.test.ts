import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type MemoryTable, memoryTable } from '../adapters/memory/table.js'
import type { Difference } from '../core/difference.js'
import type { Bucket, BucketRows, Digest, DigestOptions, Row, Table, TableSchema } from '../core/table.js'
import { type CompareOptions, type Comparison, compare } from './compare.js'

const column = (name: string) => ({ name, type: 'text', nullable: true, hasDefault: false })
const schema: TableSchema = { name: 'public.t', columns: [column('id'), column('a'), column('b')], key: ['id'] }
const FAST: CompareOptions = { settleMs: 0 }

async function differencesOf(comparison: Comparison): Promise<Difference[]> {
  const found: Difference[] = []
  for await (const batch of comparison.read(new Map(), new AbortController().signal)) found.push(...batch.items)
  return found
}

describe('rows without a key', { timeout: 20_000 }, () => {
  const keyless: TableSchema = { ...schema, key: ['id', 'a', 'b'] }

  it('are compared by how many copies each side has', async () => {
    const value = fc.option(fc.constantFrom('', 'a', 'b'), { nil: null })
    const rows = fc.array(fc.tuple(value, value, value), { maxLength: 80, size: 'max' })
    await fc.assert(
      fc.asyncProperty(rows, rows, async (left, right) => {
        const tables = [new Heap(keyless, left), new Heap(keyless, right)] as const
        const found = await differencesOf(compare(...tables, { ...FAST, keyless: true }))
        const counted = new Map(found.map((one) => [JSON.stringify(one.key), 'copies' in one ? one.copies : undefined]))
        expect(counted).toEqual(copiesOf(left, right))
        expect(found).toHaveLength(counted.size)
      }),
      { numRuns: 30 },
    )
  })

  it('are unstable when their numbers change at every look, and no finding when they settle', async () => {
    let turn = 1
    const moving = new Heap(keyless, () => [
      ...Array.from({ length: turn }, () => ['x', null, null]),
      ['y', null, null],
    ])
    const left = new Heap(keyless, [['y', null, null]])
    const changing = compare(left, moving, { ...FAST, keyless: true, looks: 3 })
    moving.read = () => {
      turn++
    }
    expect((await differencesOf(changing)).map(({ kind }) => kind)).toEqual(['unstable'])
    turn = 1
    moving.read = (scans) => {
      if (scans === 2) turn = 0
    }
    moving.scans = 0
    expect(await differencesOf(compare(left, moving, { ...FAST, keyless: true }))).toEqual([])
  })
})

describe('tables that have nothing in common', { timeout: 30_000 }, () => {
  const made = (name: string): readonly Row[] =>
    Array.from({ length: 16_000 }, (_, at): Row => [`${name} ${at}`, name, null])

  it('are read twice, not looked up row by row', async () => {
    const [left, right] = [memoryTable(schema, made('left')), memoryTable(schema, made('right'))]
    const looked: number[] = []
    const watched = watching(left, (keys) => looked.push(keys))
    const comparison = compare(watched, right, FAST)
    const found = await differencesOf(comparison)
    expect(found).toHaveLength(32_000)
    expect(new Set(found.map(({ key }) => key.join())).size).toBe(32_000)
    expect(looked.reduce((sum, keys) => sum + keys, 0)).toBeLessThan(25_000)
  })

  it('are told in batches worth a write each, however few of a bucket differ', async () => {
    const comparison = compare(memoryTable(schema, made('left')), memoryTable(schema, made('right')), FAST)
    const batches: number[] = []
    for await (const { items } of comparison.read(new Map(), new AbortController().signal))
      batches.push([...items].length)
    expect(Math.max(...batches)).toBeLessThanOrEqual(1_000)
    // Half of them full; a batch of each bucket would make some thousands.
    expect(batches.length).toBeLessThan((2 * 32_000) / 1_000)
  })

  it('drops what settles between the two readings, and looks again at what changed', async () => {
    const [left, right] = [memoryTable(schema, made('same')), memoryTable(schema, [])]
    right.put(...left.rows.map(([id]): Row => [id ?? null, 'other', null]))
    let scans = 0
    const watched = watching(
      left,
      () => {},
      () => {
        scans++
        if (scans !== 2) return
        right.put(...left.rows.slice(0, 100))
        right.put(...left.rows.slice(100, 200).map(([id]): Row => [id ?? null, 'third', null]))
      },
    )
    const comparison = compare(watched, right, FAST)
    const found = await differencesOf(comparison)
    // Some had been looked up again before the change.
    expect(found.length).toBeLessThan(16_000)
    expect(found).toHaveLength(16_000 - comparison.statistics.settled)
    const third = found.filter((one) => one.kind === 'changed' && one.right[1] === 'third')
    expect(third.length).toBeGreaterThan(0)
  })

  it('takes a repeated key for an error', async () => {
    const twice = new Heap(schema, [
      ['1', 'a', null],
      ['1', 'b', null],
    ])
    await expect(differencesOf(compare(memoryTable(schema, [['1', 'a', null]]), twice, FAST))).rejects.toMatchObject({
      code: 'key-repeated',
    })
  })
})

/** A table whose rows may repeat. */
class Heap implements Table {
  readonly label = 'heap'
  readonly hashing = 'memory: first 64 bits of sha256 over JSON'
  readonly schema: TableSchema
  scans = 0
  read: (scans: number) => void = () => {}
  readonly #rows: () => readonly Row[]

  constructor(of: TableSchema, rows: readonly Row[] | (() => readonly Row[])) {
    this.schema = of
    this.#rows = typeof rows === 'function' ? rows : () => rows
  }

  async digests(
    within: readonly Bucket[],
    depth: number,
    options: DigestOptions,
  ): Promise<ReadonlyMap<number, Digest>> {
    const sums = new Map<number, Digest>()
    for (const row of this.#rows()) {
      for (const [index, { sum }] of await memoryTable(this.schema, [row]).digests(within, depth, options)) {
        const known = sums.get(index) ?? { rows: 0n, sum: 0n }
        sums.set(index, { rows: known.rows + 1n, sum: known.sum + sum })
      }
    }
    return sums
  }

  async *scan(within: readonly Bucket[], signal: AbortSignal): AsyncGenerator<readonly Row[]> {
    for await (const { rows } of this.scanInOrder(within, signal)) yield rows
  }

  async *scanInOrder(within: readonly Bucket[], signal: AbortSignal): AsyncGenerator<BucketRows> {
    this.scans++
    this.read(this.scans)
    const found: { readonly row: Row; readonly bucket: number }[] = []
    for (const row of this.#rows()) {
      for await (const page of memoryTable(this.schema, [row]).scanInOrder(within, signal)) {
        for (const bucket of page.buckets) found.push({ row, bucket })
      }
    }
    found.sort((one, other) => one.bucket - other.bucket)
    yield { rows: found.map(({ row }) => row), buckets: found.map(({ bucket }) => bucket) }
  }

  async lookup(keys: readonly Row[]): Promise<readonly Row[]> {
    const key = this.schema.key.map((name) => this.schema.columns.findIndex((one) => one.name === name))
    const wanted = new Set(keys.map((one) => JSON.stringify(one)))
    return this.#rows().filter((row) => wanted.has(JSON.stringify(key.map((at) => row[at]))))
  }
}

function copiesOf(left: readonly Row[], right: readonly Row[]): Map<string, { left: number; right: number }> {
  const counts = new Map<string, { left: number; right: number }>()
  for (const [side, rows] of [
    ['left', left],
    ['right', right],
  ] as const) {
    for (const row of rows) {
      const text = JSON.stringify(row)
      const known = counts.get(text) ?? { left: 0, right: 0 }
      known[side]++
      counts.set(text, known)
    }
  }
  return new Map([...counts].filter(([, copies]) => copies.left !== copies.right))
}

function watching(table: MemoryTable, looked: (keys: number) => void, scanned: () => void = () => {}): Table {
  return {
    schema: table.schema,
    label: table.label,
    hashing: table.hashing,
    digests: (within, depth, options) => table.digests(within, depth, options),
    scan: (within, signal) => table.scan(within, signal),
    scanInOrder: (within, signal) => {
      scanned()
      return table.scanInOrder(within, signal)
    },
    lookup: (keys, signal) => {
      looked(keys.length)
      return table.lookup(keys, signal)
    },
  }
}
