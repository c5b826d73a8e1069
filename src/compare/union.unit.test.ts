import { describe, expect, it } from 'vitest'
import { type TableHarness, tableContract } from '../../test/contracts/table.js'
import { MemoryTable } from '../adapters/memory/table.js'
import type { BucketRows, Row, Table } from '../core/table.js'
import { compare } from './compare.js'
import { union, unionLabel } from './union.js'

const { signal } = new AbortController()
const SCHEMA = {
  name: 'records',
  columns: ['id', 'a', 'b'].map((name) => ({ name, type: 'text', nullable: name === 'b', hasDefault: false })),
  key: ['id'],
}

/** Its rows, dealt out to as many tables. */
function parts(rows: readonly Row[], count: number): readonly MemoryTable[] {
  const tables = Array.from({ length: count }, () => new MemoryTable(SCHEMA))
  for (const [at, row] of rows.entries()) tables[at % count]?.put(row)
  return tables
}

function together(tables: readonly Table[]): Table {
  const [first, ...others] = tables
  if (first === undefined) throw new RangeError('no tables')
  return union([first, ...others], 'flows.test.left')
}

function rows(count: number, from = 0): readonly Row[] {
  return Array.from({ length: count }, (_, at) => [`key ${from + at}`, `a ${from + at}`, at % 3 === 0 ? null : 'b'])
}

tableContract('three shards', async (given): Promise<TableHarness> => {
  const tables = parts(given, 3)
  const holder = (id: string): MemoryTable | undefined =>
    tables.find((table) => table.rows.some(([known]) => known === id))
  return {
    table: together(tables),
    async put(changed) {
      for (const row of changed) (holder(row[0] ?? '') ?? tables[0])?.put(row)
    },
    async remove(ids) {
      for (const table of tables) table.remove(...ids.map((id) => [id]))
    },
    twin: async (others) => together(parts(others, 2)),
    async [Symbol.asyncDispose]() {},
  }
})

describe('a union of tables', () => {
  it('is the table itself when it is one', () => {
    const [only] = parts([], 1)
    expect(only && together([only])).toBe(only)
  })

  it('equals the table that holds all of their rows, whatever is where', async () => {
    const all = rows(3_000)
    const [whole] = parts(all, 1)
    if (whole === undefined) throw new RangeError('no table')
    for (const count of [2, 5]) {
      const differences = []
      for await (const batch of compare(whole, together(parts(all, count)), { settleMs: 0 }).read(new Map(), signal))
        differences.push(...batch.items)
      expect(differences).toEqual([])
    }
  })

  it('differs where one of them does, and nowhere else', async () => {
    const all = rows(2_000)
    const [whole] = parts(all, 1)
    const tables = parts(all, 3)
    if (whole === undefined) throw new RangeError('no table')
    tables[0]?.remove(['key 0'])
    tables[1]?.put(['key 1', 'other', 'b'])
    tables[2]?.put(['more', 'a', null])
    const found = new Set<string>()
    for await (const batch of compare(whole, together(tables), { settleMs: 0 }).read(new Map(), signal))
      for (const { kind, key } of batch.items) found.add(`${kind} ${key.join()}`)
    expect([...found].toSorted()).toEqual(['changed key 1', 'missing-left more', 'missing-right key 0'])
  })

  it('is read in the order of buckets, also when one of its tables is much larger or empty', async () => {
    const large = new MemoryTable(SCHEMA)
    const small = new MemoryTable(SCHEMA)
    large.put(...rows(5_000))
    small.put(...rows(7, 10_000))
    const table = together([small, new MemoryTable(SCHEMA), large])
    const read: Row[] = []
    let last = -1
    for await (const { rows: page, buckets } of inOrder(table)) {
      read.push(...page)
      for (const bucket of buckets) {
        expect(bucket).toBeGreaterThanOrEqual(last)
        last = bucket
      }
    }
    expect(read.map(String).toSorted()).toEqual([...rows(5_000), ...rows(7, 10_000)].map(String).toSorted())
  })

  it('is no table when a key is in two of them: the comparison says so', async () => {
    const all = rows(100)
    const [whole] = parts(all, 1)
    const tables = parts(all, 2)
    tables[1]?.put(['key 0', 'a 0', null])
    const reading = async (): Promise<void> => {
      if (whole === undefined) return
      for await (const _ of compare(whole, together(tables), { settleMs: 0 }).read(new Map(), signal));
    }
    await expect(reading()).rejects.toMatchObject({ code: 'key-repeated', key: 'right.key' })
  })

  it('refuses tables that are not alike, and says how', () => {
    const other = new MemoryTable({ ...SCHEMA, columns: SCHEMA.columns.slice(0, 2) })
    expect(() => together([new MemoryTable(SCHEMA), other])).toThrow(
      /\(id text, a text, b text; key id\) and \(id text, a text; key id\)/,
    )
  })

  it('ends the readings of the others when one of them fails', async () => {
    const [good] = parts(rows(10), 1)
    const ended: boolean[] = []
    if (good === undefined) throw new RangeError('no table')
    const bad: Table = {
      ...delegating(good),
      lookup: () => Promise.reject(new Error('away')),
    }
    const slow: Table = {
      ...delegating(good),
      lookup: (_keys, within) =>
        new Promise((_resolve, reject) => {
          within.addEventListener('abort', () => {
            ended.push(true)
            reject(new Error('ended'))
          })
        }),
    }
    await expect(together([slow, bad]).lookup([['key 1']], signal)).rejects.toThrow('away')
    expect(ended).toEqual([true])
  })

  it('is named after its tables, of many after three', () => {
    const labels = ['a', 'b', 'c', 'd', 'e'].map((label) => ({ label }))
    expect(unionLabel(labels.slice(0, 2))).toBe('a, b')
    expect(unionLabel(labels)).toBe('a, b, c and 2 more')
  })
})

function inOrder(table: Table): AsyncIterable<BucketRows> {
  const within = Array.from({ length: 256 }, (_, index) => ({ depth: 8, index }))
  return table.scanInOrder(within, signal)
}

function delegating(table: Table): Table {
  return {
    schema: table.schema,
    label: table.label,
    hashing: table.hashing,
    digests: (within, depth, options) => table.digests(within, depth, options),
    scan: (within, ended) => table.scan(within, ended),
    scanInOrder: (within, ended) => table.scanInOrder(within, ended),
    lookup: (keys, ended) => table.lookup(keys, ended),
  }
}
