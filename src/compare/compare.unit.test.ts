import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type MemoryTable, memoryTable } from '../adapters/memory/table.js'
import type { Difference } from '../core/difference.js'
import { UnavailableError } from '../core/errors.js'
import { type Bucket, type BucketRows, type Row, type Table, type TableSchema, WHOLE_TABLE } from '../core/table.js'
import { type CompareOptions, type Comparison, compare } from './compare.js'

const column = (name: string, type = 'text') => ({ name, type, nullable: true, hasDefault: false })
const schema: TableSchema = { name: 'public.t', columns: [column('id'), column('a'), column('b')], key: ['id'] }
const composite: TableSchema = { ...schema, key: ['id', 'a'] }
const FAST: CompareOptions = { settleMs: 0 }

async function differencesOf(comparison: Comparison): Promise<Difference[]> {
  const found: Difference[] = []
  for await (const batch of comparison.read(new Map(), new AbortController().signal)) found.push(...batch.items)
  return found
}

/** The oracle: plain maps. */
function expected(left: readonly Row[], right: readonly Row[], keyWidth: number): Map<string, string> {
  const keyOf = (row: Row): string => JSON.stringify(row.slice(0, keyWidth))
  const [lefts, rights] = [
    new Map(left.map((row) => [keyOf(row), row])),
    new Map(right.map((row) => [keyOf(row), row])),
  ]
  const found = new Map<string, string>()
  for (const [key, row] of lefts) {
    const other = rights.get(key)
    if (other === undefined) found.set(key, 'missing-right')
    else if (JSON.stringify(row) !== JSON.stringify(other)) found.set(key, 'changed')
  }
  for (const key of rights.keys()) if (!lefts.has(key)) found.set(key, 'missing-left')
  return found
}

const summary = (found: readonly Difference[]): Map<string, string> =>
  new Map(found.map((difference) => [JSON.stringify(difference.key), difference.kind]))

// Thousands of rows hashed one by one take their time on a busy machine.
describe('compare', { timeout: 20_000 }, () => {
  const value = fc.option(fc.string({ maxLength: 3, unit: 'binary' }), { nil: null })
  const rows = fc.uniqueArray(fc.tuple(fc.string({ minLength: 1, maxLength: 4 }), value, value), {
    selector: (row) => row[0],
    maxLength: 400,
    size: 'max',
  })
  const edit = fc.record({ at: fc.nat(), what: fc.constantFrom('remove', 'change', 'swap'), value })

  it.each([
    ['one group', {}],
    ['groups of few rows', { groupRows: 7 }],
    ['a group for each bucket', { groupRows: 1 }],
  ])(
    'finds exactly the edits, whatever they are: %s',
    async (_, limits) => {
      await fc.assert(
        fc.asyncProperty(rows, rows, fc.array(edit, { maxLength: 20 }), async (base, extra, edits) => {
          const right = edited(base, edits)
          const known = new Set(right.map((row) => row[0]))
          right.push(...extra.filter((row) => !known.has(row[0])).slice(0, 5))
          const comparison = compare(memoryTable(schema, base), memoryTable(schema, right), { ...FAST, ...limits })
          const found = await differencesOf(comparison)
          expect(summary(found)).toEqual(expected(base, right, 1))
          expect(found).toHaveLength(summary(found).size)
        }),
        { numRuns: 30 },
      )
    },
    20_000,
  )

  it('takes keys of several columns, which a separator could not tell apart', async () => {
    const left = [
      ['a', 'b,c', '1'],
      ['a,b', 'c', '2'],
      ['"', '', null],
    ]
    const right = [
      ['a', 'b,c', '2'],
      ['a,b', 'c', '1'],
      ['', '"', null],
    ]
    const found = await differencesOf(compare(memoryTable(composite, left), memoryTable(composite, right), FAST))
    expect(summary(found)).toEqual(expected(left, right, 2))
    expect(found).toHaveLength(4)
  })

  it('gives whole rows, in the columns of the left side', async () => {
    const turned: TableSchema = { ...schema, columns: [...schema.columns].reverse(), key: ['id'] }
    const right = aligning(
      memoryTable(turned, [
        ['b1', 'a1', '1'],
        ['b2', 'changed', '2'],
      ]),
      schema,
    )
    const found = await differencesOf(
      compare(
        memoryTable(schema, [
          ['1', 'a1', 'b1'],
          ['2', 'a2', 'b2'],
        ]),
        right,
        FAST,
      ),
    )
    expect(found).toEqual(
      expect.arrayContaining([{ kind: 'changed', key: ['2'], left: ['2', 'a2', 'b2'], right: ['2', 'changed', 'b2'] }]),
    )
    expect(found).toHaveLength(1)
  })

  it('reads equal tables once and fetches nothing', async () => {
    const same = many(5_000)
    const comparison = compare(memoryTable(schema, same), memoryTable(schema, same))
    expect(await differencesOf(comparison)).toEqual([])
    expect(comparison.statistics).toMatchObject({ passes: 1, fetchedRows: 0, rows: { left: 5_000n, right: 5_000n } })
  })

  it('fetches little more than what differs', async () => {
    const left = many(10_000)
    const right = left.map((row, index) => (index % 1_000 === 0 ? [row[0] ?? '', 'other', null] : row))
    const comparison = compare(memoryTable(schema, left), memoryTable(schema, right), FAST)
    expect(await differencesOf(comparison)).toHaveLength(10)
    expect(comparison.statistics.fetchedRows).toBeLessThan(200)
  })

  it.each(['left', 'right'] as const)('streams a side that stands alone: %s', async (side) => {
    const [full, empty] = [memoryTable(schema, many(10_000)), memoryTable(schema)]
    const comparison = side === 'left' ? compare(full, empty, FAST) : compare(empty, full, FAST)
    const found = await differencesOf(comparison)
    expect(found).toHaveLength(10_000)
    expect(new Set(found.map(({ kind }) => kind))).toEqual(
      new Set([side === 'left' ? 'missing-right' : 'missing-left']),
    )
  })

  it('says which columns are in the way', () => {
    const other: TableSchema = { ...schema, columns: [column('id'), column('a'), column('c')] }
    const attempt = () => compare(memoryTable(schema), memoryTable(other), { key: 'flows.same' })
    expect(attempt).toThrow(/flows\.same: .*column b is only on the left; column c is only on the right/)
    const typed: TableSchema = { ...schema, columns: [column('id'), column('a', 'bigint'), column('b')] }
    const hashed = Object.assign(Object.create(memoryTable(typed)), { hashing: 'other', schema: typed, label: 'x' })
    expect(() => compare(memoryTable(schema), hashed)).toThrow(/column a is text left and bigint right/)
    expect(() => compare(memoryTable(schema), memoryTable(composite))).toThrow(/key is \(id\) left and \(a, id\) right/)
  })
})

describe('the second look', () => {
  it('drops what has become equal meanwhile, and what has gone from both sides', async () => {
    const [left, right] = [
      memoryTable(schema, [
        ['1', 'x', 'y'],
        ['2', 'x', 'y'],
      ]),
      memoryTable(schema),
    ]
    const late = onLookup(left, (look) => {
      if (look !== 1) return
      right.put(['1', 'x', 'y'])
      left.remove(['2'])
    })
    const comparison = compare(late, right, FAST)
    expect(await differencesOf(comparison)).toEqual([])
    expect(comparison.statistics.settled).toBe(2)
  })

  it('reports a difference that stays the same, as the later look saw it', async () => {
    const [left, right] = [memoryTable(schema, [['1', 'a', null]]), memoryTable(schema, [['1', 'b', null]])]
    const moving = onLookup(left, (look) => {
      if (look === 1) left.put(['1', 'c', null])
    })
    expect(await differencesOf(compare(moving, right, FAST))).toEqual([
      { kind: 'changed', key: ['1'], left: ['1', 'c', null], right: ['1', 'b', null] },
    ])
  })

  it('calls a row unstable that differs in another way each time', async () => {
    const [left, right] = [
      memoryTable(schema, [
        ['1', '0', null],
        ['2', 'x', null],
      ]),
      memoryTable(schema),
    ]
    let looks = 0
    const moving = onLookup(left, (look) => {
      looks = look
      left.put(['1', String(look), null])
    })
    const found = await differencesOf(compare(moving, right, { ...FAST, looks: 4 }))
    expect(looks).toBe(3)
    expect(summary(found)).toEqual(
      new Map([
        ['["1"]', 'unstable'],
        ['["2"]', 'missing-right'],
      ]),
    )
  })

  it('comes after settleMs', async () => {
    const startedAt = performance.now()
    await differencesOf(compare(memoryTable(schema, many(1)), memoryTable(schema), { settleMs: 80 }))
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(78)
  })
})

describe('a comparison as a source', () => {
  it('ends when it is told to, also in the middle of a pause', async () => {
    const stop = new AbortController()
    const comparison = compare(memoryTable(schema, many(10)), memoryTable(schema), { settleMs: 60_000 })
    const reading = comparison.read(new Map(), stop.signal)[Symbol.asyncIterator]().next()
    setTimeout(() => stop.abort(), 10)
    expect(await reading).toEqual({ done: true, value: undefined })
  })

  it('passes on a lost connection, stops the other side, and can be read again', async () => {
    const [left, right] = [memoryTable(schema, many(300)), memoryTable(schema, many(200))]
    let failures = 1
    let stopped = false
    const failing: Table = {
      schema,
      label: 'left',
      hashing: left.hashing,
      digests: (within, depth, options) => left.digests(within, depth, options),
      lookup: (keys, signal) => left.lookup(keys, signal),
      scan: (within, signal) => left.scan(within, signal),
      async *scanInOrder(within: readonly Bucket[], signal: AbortSignal): AsyncGenerator<BucketRows> {
        if (failures-- > 0) throw new UnavailableError('lost', 'the connection was lost')
        yield* left.scanInOrder(within, signal)
      },
    }
    const waiting: Table = {
      schema,
      label: 'right',
      hashing: right.hashing,
      digests: (within, depth, options) => right.digests(within, depth, options),
      lookup: (keys, signal) => right.lookup(keys, signal),
      scan: (within, signal) => right.scan(within, signal),
      async *scanInOrder(within: readonly Bucket[], signal: AbortSignal): AsyncGenerator<BucketRows> {
        if (failures >= 0)
          await new Promise((resolve) => {
            if (signal.aborted) resolve(undefined)
            signal.addEventListener('abort', resolve)
          })
        stopped ||= signal.aborted
        yield* right.scanInOrder(within, signal)
      },
    }
    left.put(...many(200).map((row) => [row[0] ?? '', 'changed', null]))
    const comparison = compare(failing, waiting, FAST)
    await expect(differencesOf(comparison)).rejects.toThrow('the connection was lost')
    expect(stopped).toBe(true)
    expect(await differencesOf(comparison)).toHaveLength(300)
    expect(comparison.readings).toBe(2)
  })
})

function many(count: number): Row[] {
  return Array.from({ length: count }, (_, index) => [`key ${index}`, `a ${index}`, index % 3 === 0 ? null : ''])
}

type Edit = { readonly at: number; readonly what: string; readonly value: string | null }

function edited(base: readonly Row[], edits: readonly Edit[]): Row[] {
  const rows = base.map((row) => [...row])
  for (const { at, what, value } of edits) {
    if (rows.length === 0) break
    const index = at % rows.length
    const [row, next] = [rows[index], rows[(index + 1) % rows.length]]
    if (row === undefined || next === undefined) continue
    if (what === 'remove') rows.splice(index, 1)
    else if (what === 'change') row[2] = value
    else [row[1], next[1]] = [next[1] ?? null, row[1] ?? null]
  }
  return rows
}

/** The table with something happening before each lookup; looks are counted from 1. */
function onLookup(table: MemoryTable, happen: (look: number) => void): Table {
  let look = 0
  return {
    schema: table.schema,
    label: table.label,
    hashing: table.hashing,
    digests: (within, depth, options) => table.digests(within, depth, options),
    scan: (within, signal) => table.scan(within, signal),
    scanInOrder: (within, signal) => table.scanInOrder(within, signal),
    lookup(keys, signal) {
      happen(++look)
      return table.lookup(keys, signal)
    },
  }
}

/** A table with its columns in another order hashes as one with the order of `as`. */
function aligning(table: MemoryTable, as: TableSchema): Table {
  const places = as.columns.map(({ name }) => table.schema.columns.findIndex((other) => other.name === name))
  const twin = memoryTable(
    as,
    table.rows.map((row) => places.map((place) => row[place] ?? null)),
  )
  return {
    schema: table.schema,
    label: table.label,
    hashing: table.hashing,
    digests: (within, depth, options) => twin.digests(within, depth, options),
    scan: (_within, signal) => table.scan([WHOLE_TABLE], signal),
    scanInOrder: (_within, signal) => table.scanInOrder([WHOLE_TABLE], signal),
    lookup: (keys, signal) => table.lookup(keys, signal),
  }
}
