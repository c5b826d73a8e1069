import { describe, expect, test } from 'vitest'
import type { Difference } from '../../core/difference.js'
import type { TablesReport } from '../../core/flow.js'
import { renderCheck } from './check-report.js'
import { renderDifferences } from './difference-rows.js'
import { plain } from './paint.js'

const report: TablesReport = {
  kind: 'tables',
  verdict: 'different',
  left: 'postgres://db-a:5432/app public.records',
  right: 'postgres://db-b:5432/app public.records',
  columns: ['id', 'name', 'amount', 'note'],
  keyColumns: ['id'],
  rows: { left: 5_000_001n, right: 999n },
  missingLeft: 1,
  missingRight: 12_000,
  changed: 3,
  unstable: 0,
  fetchedRows: 2_048,
  durationMs: 1_834,
}

describe('the summary', () => {
  test('of two sides that differ', () => {
    expect(renderCheck('mirror', report, plain)).toMatchInlineSnapshot(`
      "mirror: different

        left   5,000,001 rows  postgres://db-a:5432/app public.records
        right        999 rows  postgres://db-b:5432/app public.records

             1 row only on the right
        12,000 rows only on the left
             3 rows on both sides with different values

        key id · 4 columns compared · 2,048 rows fetched · 1.8 s"
    `)
  })

  test('of two sides that are the same', () => {
    const same: TablesReport = {
      ...report,
      verdict: 'same',
      rows: { left: 1n, right: 1n },
      missingLeft: 0,
      missingRight: 0,
      changed: 0,
    }
    expect(renderCheck('mirror', same, plain)).toMatchInlineSnapshot(`
      "mirror: the same

        left   1 row   postgres://db-a:5432/app public.records
        right  1 row   postgres://db-b:5432/app public.records

        key id · 4 columns compared · 2,048 rows fetched · 1.8 s"
    `)
  })

  test('of what could not be told', () => {
    const unverified: TablesReport = { ...report, verdict: 'unverified', unstable: 7 }
    expect(renderCheck('mirror', unverified, plain).split('\n')[0]).toMatchInlineSnapshot(
      `"mirror: unverified: rows were still changing, or a side could not be read to its end"`,
    )
  })
})

const differences: readonly Difference[] = [
  { kind: 'changed', key: ['42'], left: ['42', 'Alice', '12.00', null], right: ['42', 'Alicia', '12.00', ''] },
  { kind: 'missing-left', key: ['43'], right: ['43', 'Bob \u001b[31m', '1.00', `${'x'.repeat(200)}`] },
  { kind: 'missing-right', key: ['44'], left: ['44', 'Carol\ttab', '2.00', 'left'] },
  {
    kind: 'changed',
    key: ['45'],
    left: ['45', 'D', '1', `${'y'.repeat(200)}1`],
    right: ['45', 'D', '1', `${'y'.repeat(200)}2`],
  },
  { kind: 'unstable', key: ['46'], left: ['46', 'E', '1', ''], right: undefined },
]

describe('the rows that differ', () => {
  const options = { columns: report.columns, keyColumns: report.keyColumns, paint: plain }

  test('side by side in 80 columns, the cells that differ marked', () => {
    expect(renderDifferences(differences, { ...options, width: 80 })).toMatchInlineSnapshot(`
      "changed    id=42
        id      42                                   42
        name    Alice                             != Alicia
        amount  12.00                                12.00
        note    NULL                              != ''

      only right id=43
        id      (no row)                             43
        name                                         Bob \\u{1b}[31m
        amount                                       1.00
        note                                         xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…

      only left  id=44
        id      44                                   (no row)
        name    Carol\\ttab
        amount  2.00
        note    left

      changed    id=45
        id      45                                   45
        name    D                                    D
        amount  1                                    1
        note    …yyyyyyyyyyyyyyyy1                != …yyyyyyyyyyyyyyyy2

      unstable   id=46
        id      46                                   (no row)
        name    E
        amount  1
        note    ''"
    `)
  })

  test('long values that differ are shown from shortly before the first difference on', () => {
    const shown = renderDifferences(differences.slice(3), { ...options, width: 80 })
    expect(shown).toMatch(/…y+1 +!= …y+2/)
  })

  test.each([80, 120])('no line is wider than %i columns', (width) => {
    const lines = renderDifferences(differences, { ...options, width }).split('\n')
    expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(width)
  })
})
