import { parse } from 'csv-parse/sync'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { describe, expect, it } from 'vitest'
import type { ReferenceFinding, ReferencesReport } from '../../core/flow.js'
import { CheckLines, type LineFormat } from './check-lines.js'

const HOSTILE = '=HYPERLINK("http://x","y")<&>\'"\r\n\t\0\u001b\ud800]]>'

const report: ReferencesReport = {
  kind: 'references',
  verdict: 'different',
  of: 'count',
  master: { label: `m ${HOSTILE}`, key: 'id', rows: 3 },
  references: [
    { label: `a ${HOSTILE}`, name: 'a', keys: 2 },
    { label: 'b', name: 'b', keys: 2 },
  ],
  total: 4,
  mismatch: 1,
  unreferenced: 0,
  orphan: 1,
  unstable: 0,
  snapshotMs: 1,
  durationMs: 1_500,
}

const finding = (kind: ReferenceFinding['kind'], key: string): ReferenceFinding => ({
  kind,
  key,
  expected: '1',
  stored: kind === 'orphan' ? undefined : '-2',
  sources: [{ name: 'a', value: '1', rowKey: ['id'], rows: [['secret']] }],
})

function written(format: LineFormat): string {
  const out: string[] = []
  const lines = new CheckLines(format, 'blobs', (line) => out.push(line))
  lines.finding(finding('mismatch', HOSTILE))
  lines.finding(finding('orphan', '-7'))
  lines.end(report)
  return out.map((line) => `${line}\n`).join('')
}

describe('the lines of a check', () => {
  it('are one object each as ndjson, the summary last', () => {
    const objects = written('ndjson')
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
    expect(objects).toMatchObject([
      { type: 'finding', kind: 'mismatch', key: HOSTILE, expected: '1', stored: '-2' },
      { type: 'finding', kind: 'orphan', key: '-7', sources: [{ name: 'a', value: '1' }] },
      { type: 'summary', verdict: 'different', mismatch: 1 },
    ])
    expect(written('ndjson')).not.toContain('secret')
  })

  it('are csv that other programs read, and no spreadsheet runs', () => {
    const rows: unknown = parse(written('csv'), { record_delimiter: '\r\n' })
    expect(rows).toEqual([
      ['flow', 'kind', 'key', 'expected', 'stored', 'sources', 'columns'],
      ['blobs', 'mismatch', `'${HOSTILE.replace('\ud800', '\ufffd')}`, '1', '-2', 'a=1', ''],
      ['blobs', 'orphan', '-7', '1', '', 'a=1', ''],
    ])
  })

  it('names the columns that differ, and none of their cells', () => {
    const out: string[] = []
    const lines = new CheckLines('csv', 'same', (line) => out.push(line))
    const columns = ['id', 'price', 'note'].map((name) => ({ name, type: 'text', nullable: true, hasDefault: false }))
    lines.begin({ left: { name: 't', columns, key: ['id'] } })
    lines.difference({ kind: 'changed', key: ['1'], left: ['1', 'secret', 'x'], right: ['1', null, 'x'] })
    expect(out.at(-1)).toBe('same,changed,1,,,,price\r')
  })

  it('are without the key of a table that has none, as that is the whole row', () => {
    for (const format of ['csv', 'ndjson'] as const) {
      const out: string[] = []
      const lines = new CheckLines(format, 'same', (line) => out.push(line))
      const columns = [{ name: 'note', type: 'text', nullable: true, hasDefault: false }]
      lines.begin({ left: { name: 't', columns, key: [] } })
      const row = ['secret']
      lines.difference({ kind: 'copies', key: row, left: row, right: undefined, copies: { left: 2, right: 0 } })
      expect(out.at(-1)).toContain('copies')
      expect(out.join()).not.toContain('secret')
    }
  })

  it('are valid XML as junit, whatever the names hold, with a case for each column', () => {
    const xml = written('junit')
    expect(XMLValidator.validate(xml)).toBe(true)
    const parsed: unknown = new XMLParser({ ignoreAttributes: false, htmlEntities: true }).parse(xml)
    expect(parsed).toMatchObject({
      testsuites: {
        '@_tests': '3',
        '@_failures': '2',
        testsuite: { testcase: [{ failure: {} }, { failure: {} }, { '@_name': 'b' }] },
      },
    })
    for (const forbidden of ['\0', '\u001b', '\ud800']) expect(xml).not.toContain(forbidden)
  })
})
