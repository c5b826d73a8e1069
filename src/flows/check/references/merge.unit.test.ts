import { describe, expect, test } from 'vitest'
import type { Groups } from '../../../core/groups.js'
import { Cursor } from './cursor.js'
import { comparatorOf } from './key-order.js'
import { Merge } from './merge.js'
import { type Observation, Rule } from './rule.js'

type Column = Readonly<Record<string, number | string>>

/** As an adapter gives it: two groups at a time, as numbers where they are. */
async function* batches(column: Column, asText: boolean): AsyncGenerator<Groups> {
  const entries = Object.entries(column).toSorted(([left], [right]) => comparatorOf('number')(left, right))
  for (let at = 0; at < entries.length; at += 2) {
    const part = entries.slice(at, at + 2)
    const keys = part.map(([key]) => key)
    const values = part.map(([, value]) => String(value))
    const large = asText || keys.some((key) => key.length > 15)
    yield large
      ? { keys, values }
      : { keys: Float64Array.from(keys, Number), values: Float64Array.from(values, Number) }
  }
}

async function merged(
  master: Column,
  references: readonly Column[],
  { none = [], asText = false }: { none?: string[]; asText?: boolean } = {},
) {
  const compare = comparatorOf('number')
  const cursor = (column: Column): Cursor => new Cursor('t', batches(column, asText), compare)
  const merge = new Merge({
    master: cursor(master),
    references: references.map(cursor),
    compare,
    rule: new Rule('count', 'number'),
    none: new Set(none),
    stop: () => {},
  })
  const found: Observation[] = []
  for await (const some of merge.read()) found.push(...some)
  return { found, total: merge.total }
}

describe.each([false, true])('the merge, on texts: %s', (asText) => {
  test('adds the counts of all columns and finds what differs', async () => {
    const master = { 1: 3, 2: 1, 3: 0, 5: 2, 8: 4 }
    const { found, total } = await merged(master, [{ 1: 1, 2: 1, 7: 1 }, {}, { 1: 2, 5: 1, 9: 6 }], { asText })
    expect(found).toEqual([
      { key: '5', stored: '2', counted: [undefined, undefined, '1'] },
      { key: '7', stored: undefined, counted: ['1', undefined, undefined] },
      { key: '8', stored: '4', counted: [undefined, undefined, undefined] },
      { key: '9', stored: undefined, counted: [undefined, undefined, '6'] },
    ])
    expect(total).toBe(12)
  })

  test('takes some keys for no reference', async () => {
    expect(await merged({ 0: 5, 1: 1 }, [{ 0: 7, 1: 1 }], { none: ['0'], asText })).toEqual({ found: [], total: 1 })
  })
})

test('keys beyond what a number holds come after the others, exactly', async () => {
  const key = '18446744073709551615'
  const near = '18446744073709551614'
  const { found } = await merged({ 1: 1, 2: 2, [near]: 1, [key]: 1 }, [{ 1: 1, 2: 2 }, { [key]: 1 }])
  expect(found.map((one) => one.key)).toEqual([near])
})

test('keys that do not ascend are refused, as nothing can be told from them', async () => {
  async function* wrong(): AsyncGenerator<Groups> {
    yield { keys: ['a', 'b'], values: ['1', '1'] }
    yield { keys: ['B'], values: ['1'] }
  }
  const cursor = new Cursor('shard.t.c', wrong(), comparatorOf('text'))
  await cursor.refill()
  cursor.at = 2
  await expect(cursor.refill()).rejects.toThrow(/shard.t.c: the server gave keys in another order/)
})
