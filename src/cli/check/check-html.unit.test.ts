import { expect, test } from 'vitest'
import type { Difference } from '../../core/difference.js'
import type { TablesReport } from '../../core/flow.js'
import type { TableSchema } from '../../core/table.js'
import { CheckHtml } from './check-html.js'

const HOSTILE = `</style></script><img src=x onerror="alert('1')">`

const column = (name: string) => ({ name, type: 'text', nullable: true, hasDefault: false })
const left: TableSchema = {
  name: 'public.people',
  columns: [column('id'), column('name')],
  key: ['id'],
}

const report = (changed: number): TablesReport => ({
  kind: 'tables',
  verdict: changed > 0 ? 'different' : 'same',
  left: `postgres://a public.people ${HOSTILE}`,
  right: 'postgres://b public.people',
  columns: ['id', 'name'],
  keyColumns: ['id'],
  rows: { left: 1_000n, right: 1_000n },
  missingLeft: 0,
  missingRight: 0,
  changed,
  unstable: 0,
  fetchedRows: 2 * changed,
  durationMs: 12,
})

function page(
  differences: readonly Difference[],
  options: { readonly withRows?: boolean; readonly limit?: number } = {},
) {
  let text = ''
  const { withRows = false, limit = 50 } = options
  const html = new CheckHtml({ flow: HOSTILE, limit, withRows, earlier: [], write: (written) => (text += written) })
  html.begin({ left })
  for (const difference of differences) html.difference(difference)
  html.end(report(differences.length))
  return text
}

const changed = (id: string, one: string, other: string): Difference => ({
  kind: 'changed',
  key: [id],
  left: [id, one],
  right: [id, other],
})

test('nothing that is in a row, a key or a name is taken for markup', () => {
  const text = page([changed(HOSTILE, HOSTILE, `${HOSTILE}!`)], { withRows: true })
  expect(text).not.toMatch(/<img|<script|onerror="/)
  expect(text.match(/<\/style>/g)).toHaveLength(1)
  expect(text).toContain('&#60;img src=x onerror=')
})

test('it loads nothing and runs nothing', () => {
  const text = page([changed('1', 'a', 'b')])
  expect(text).toContain(`content="default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;"`)
  expect(text).not.toMatch(/<[^>]*\b(?:src|href)=|url\(|@import/)
})

test('keys and names of columns are shown, and values only when they are asked for', () => {
  const found = [changed('4711', 'alpha', 'beta')]
  expect(page(found)).toMatch(/4711.*name/s)
  expect(page(found)).not.toMatch(/alpha|beta/)
  expect(page(found, { withRows: true })).toMatch(/class="off">.*name.*alpha.*beta/s)
})

test('all is counted, the first are listed, and it says so', () => {
  const found = Array.from({ length: 200 }, (_, index) => changed(String(index), 'a', 'b'))
  const text = page(found, { limit: 3 })
  expect(text).toContain('The first 3 of 200 findings')
  expect(text).toMatch(/200 rows differ, of 1,000 left/)
  expect(text).toContain('Where in the keys')
})

test('of equal sides it says that they are', () => {
  expect(page([])).toContain('Both sides have the same 1,000 rows.')
})
