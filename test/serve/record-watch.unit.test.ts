import { memoryDatabase } from 'lockstep/memory'
import { expect, it } from 'vitest'
import { RecordBoard } from '../../src/observe/board/record-board.js'
import { RecordWatch } from '../../src/serve/record-watch.js'

const SUBJECT = { kind: 'references', of: 'count', master: { label: 'a' }, references: [{ label: 'b' }] } as const

it('shows a check that only ever ran by hand, by the runs it kept', async () => {
  await using database = memoryDatabase()
  const { checks } = database.state
  const board = new RecordBoard()
  await checks.begin({ id: 'one', flow: 'blobs', subject: SUBJECT, startedAt: '2026-01-01T00:00:00.000Z' }, 10)
  const names = new Set(['blobs'])
  using _watch = new RecordWatch(board, [database], { all: names, checks: names })
  await expect.poll(() => board.figures('blobs')).toMatchObject({ state: 'running' })
  await checks.end('one', {
    endedAt: new Date(Date.now() + 60_000).toISOString(),
    exitCode: 1,
    error: undefined,
    found: { byKind: { mismatch: 2, orphan: 1 }, kept: 3 },
    report: {
      kind: 'references',
      verdict: 'different',
      of: 'count',
      master: { label: 'a', key: 'id', rows: 5 },
      references: [],
      total: 9,
      mismatch: 2,
      unreferenced: 0,
      orphan: 1,
      unstable: 0,
      snapshotMs: 1,
      durationMs: 2,
    },
  })
  await expect
    .poll(() => board.figures('blobs'), { timeout: 5_000 })
    .toMatchObject({ state: 'stopped', lastVerdict: { verdict: 'different', detail: '2 mismatch, 1 orphan' } })
})
