import { describe, expect, it } from 'vitest'
import type { GroupColumn, GroupReader, Groups } from '../../../../core/groups.js'
import type { Opened } from '../opened.js'
import { Rule } from '../rule.js'
import { cutReferences } from './cut-references.js'

const signal = new AbortController().signal

function opened(order: GroupColumn['order'], batches: readonly Groups[]): Opened {
  const info: GroupColumn = {
    label: 'blobs.id',
    name: 'blobs.id',
    order,
    value: 'number',
    types: [],
    estimatedRows: 0,
    indexed: true,
    advice: undefined,
    rowKey: ['id'],
  }
  const reader: GroupReader = {
    columns: [info],
    snapshot: async () => ({
      async *groups() {
        yield* batches
      },
      lookup: async () => expect.unreachable(),
      rows: async () => expect.unreachable(),
      async [Symbol.asyncDispose]() {},
    }),
    grants: () => expect.unreachable(),
    diagnose: () => expect.unreachable(),
  }
  const master = { reader: 0, column: 0, info }
  return { readers: [reader], master, references: [], rule: new Rule('count', 'number'), none: new Set() }
}

const cut = (some: Opened, ranges: number) => cutReferences(some, { master: undefined, ranges, signal })

describe('a master whose server cannot sample its keys', () => {
  it('is cut where about as many rows are on each side, however its keys are spread', async () => {
    const keys = Array.from({ length: 100_003 }, (_, at) => (at < 50_000 ? at : at * at))
    const batches: Groups[] = []
    for (let at = 0; at < keys.length; at += 777) {
      const some = Float64Array.from(keys.slice(at, at + 777))
      batches.push({ keys: some, values: some })
    }
    const ranges = await cut(opened('number', batches), 8)
    expect(ranges).toHaveLength(8)
    expect(ranges[0]).not.toHaveProperty('after')
    expect(ranges[7]).not.toHaveProperty('upTo')
    for (const [at, { after = '-1', upTo = '1e30' }] of ranges.entries()) {
      if (at > 0) expect(after).toBe(ranges[at - 1]?.upTo)
      const rows = keys.filter((key) => key > Number(after) && key <= Number(upTo)).length
      expect(Math.abs(rows - keys.length / 8), `range ${at}`).toBeLessThan(keys.length / 100)
    }
  })

  it('has no border that another engine could not be asked for', async () => {
    const fractions = { keys: ['1.5', '2', '2.5', '3.25'], values: ['0', '0', '0', '0'] }
    expect(await cut(opened('number', [fractions]), 4)).toEqual([{ upTo: '2' }, { after: '2' }])
    const texts = { keys: ['', 'a\0b'], values: ['0', '0'] }
    expect(await cut(opened('text', [texts]), 2)).toEqual([{ upTo: '' }, { after: '' }])
  })

  it('is one range where it has no rows', async () => {
    expect(await cut(opened('number', []), 16)).toEqual([{}])
  })
})
