import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Values } from '../../core/upsert.js'
import { type RowGroup, rowGroups, rowKey, rowsOfTable } from './row-groups.js'

const groupsOf = (rows: readonly Values[]): readonly RowGroup[] =>
  rowGroups({ rows, items: rows.map((_, at) => at) }, rowKey(['id']))

/** The plain rule, without versions: each row over what is there. */
function fold(rows: readonly Values[]): ReadonlyMap<unknown, Values> {
  const table = new Map<unknown, Values>()
  for (const row of rows) {
    const given = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined))
    table.set(row['id'], { ...table.get(row['id']), ...given })
  }
  return table
}

describe('rows of a batch', () => {
  it('are taken from the rowsets by table, each with the index of its rowset', () => {
    const rowsets = [{ rows: [[], [{ id: 1 }]] }, { rows: [[{ id: 2 }], []] }, { rows: [[], [{ id: 3 }, { id: 4 }]] }]
    expect(rowsOfTable(rowsets, 1)).toEqual({ rows: [{ id: 1 }, { id: 3 }, { id: 4 }], items: [0, 2, 2] })
  })

  it('with the same columns stay together, in whatever order the columns are, and whatever keys repeat', () => {
    const rows = [
      { id: 1, a: 1 },
      { a: 2, id: 2 },
      { id: 1, a: 3, b: undefined },
    ]
    expect(groupsOf(rows)).toEqual([{ columns: ['a', 'id'], rows, items: [0, 1, 2] }])
  })

  it('with other columns are a group of their own', () => {
    const groups = groupsOf([
      { id: 1, a: 1 },
      { id: 2, b: 1 },
      { id: 3, a: 1 },
    ])
    expect(groups.map(({ columns, items }) => [columns, items])).toEqual([
      [
        ['a', 'id'],
        [0, 2],
      ],
      [['b', 'id'], [1]],
    ])
  })

  it('of one key with other columns come in a later group', () => {
    const groups = groupsOf([
      { id: 1, a: 1 },
      { id: 1, b: 1 },
      { id: 1, a: 2 },
      { id: 2, b: 2 },
    ])
    expect(groups.map(({ items }) => items)).toEqual([[0], [3], [1], [2]])
  })

  it('leave what they would leave one by one', () => {
    const row = fc
      .record(
        { id: fc.integer({ min: 0, max: 4 }), a: fc.nat(), b: fc.option(fc.nat(), { nil: undefined }), c: fc.nat() },
        {
          requiredKeys: ['id'],
        },
      )
      .map((values): Values => values)
    fc.assert(
      fc.property(fc.array(row, { maxLength: 30 }), (rows) => {
        const written = groupsOf(rows).flatMap((group) => group.rows)
        expect(written.length).toBe(rows.length)
        expect(fold(written)).toEqual(fold(rows))
      }),
    )
  })

  it('are none for a batch without rows', () => {
    expect(groupsOf([])).toEqual([])
  })
})

describe('the key of a row', () => {
  it('tells composite keys apart', () => {
    const key = rowKey(['a', 'b'])
    expect(key({ a: 'x', b: '1:y' })).not.toBe(key({ a: 'x1:', b: 'y' }))
    expect(key({ a: 1, b: new Date(5) })).toBe(key({ b: new Date(5), a: 1n }))
  })
})
