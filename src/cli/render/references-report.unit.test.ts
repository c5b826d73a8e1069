import { expect, test } from 'vitest'
import type { ReferencesReport } from '../../core/flow.js'
import { plain } from './paint.js'
import { renderReferences } from './references-report.js'

const report: ReferencesReport = {
  kind: 'references',
  verdict: 'same',
  of: 'count',
  master: { label: 'postgres://db:5432/app public.blobs.id', key: 'id', rows: 3_000 },
  references: [{ label: 'postgres://db:5432/app public.mails.blob_id', name: 'public.mails.blob_id', keys: 2_143 }],
  total: 8_573,
  mismatch: 0,
  unreferenced: 0,
  orphan: 0,
  unstable: 0,
  snapshotMs: 1_200,
  durationMs: 1_834,
}

test('the summary says how many workers counted, and when they did', () => {
  expect(renderReferences('blobs', report, plain)).not.toContain('worker')
  const distributed = { ranges: 16, by: 'key', workers: 4, ownMoments: 3 } as const
  const shared = renderReferences('blobs', { ...report, distributed }, plain)
  expect(shared).toContain('16 ranges by 4 workers, 3 of them read at their own moments')
})
