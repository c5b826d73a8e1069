import { expect, test } from 'vitest'
import type { RunRecord } from '../../core/state.js'
import { plain } from './paint.js'
import { type FlowStatus, renderStatus } from './status-view.js'

const NOW_MS = Date.parse('2026-01-01T12:00:00Z')

function record(overrides: Partial<RunRecord> = {}): RunRecord {
  return {
    flow: 'mirror',
    kind: 'sync',
    run: 'one',
    state: 'running',
    startedAt: '2026-01-01T11:00:00Z',
    heartbeatAt: '2026-01-01T11:59:59.4Z',
    items: 1_234_567,
    lagMs: 38,
    retries: 2,
    deadLetters: 0,
    conflicts: 1,
    lastError: undefined,
    lastVerdict: { verdict: 'same', detail: '5,000,000 rows on each side', at: '2026-01-01T11:58:00Z' },
    ...overrides,
  }
}

function status(flow: string, overrides: Partial<FlowStatus> = {}): FlowStatus {
  return {
    flow,
    kind: 'sync',
    kept: true,
    database: 'postgres://db-a:5432/app',
    record: record({ flow }),
    deadLetters: 0,
    held: 0,
    conflicts: 12,
    unreachable: [],
    ...overrides,
  }
}

const down = { database: 'postgres://db-b:5432/app', reason: 'connection refused' }

test('one line per flow, and what there is to say about it', () => {
  const statuses = [
    status('mirror'),
    status('orders-of-the-last-quarter-by-region-and-customer', {
      record: record({ heartbeatAt: '2026-01-01T11:48:00Z', lastVerdict: undefined }),
    }),
    status('half', { unreachable: [down], deadLetters: undefined, held: undefined, conflicts: undefined }),
    status('dark', {
      record: undefined,
      unreachable: [down],
      deadLetters: undefined,
      held: undefined,
      conflicts: undefined,
    }),
    status('fresh', { record: undefined, conflicts: 0 }),
    status('broken', {
      record: record({ state: 'failed', lastError: 'no unique index on id', lastVerdict: undefined }),
    }),
    status('done', { record: record({ state: 'stopped', heartbeatAt: '2025-12-30T11:00:00Z' }) }),
  ]
  expect(renderStatus(statuses, { nowMs: NOW_MS, width: 80, paint: plain })).toMatchInlineSnapshot(`
    "   FLOW           STATE              HEARD       ROWS    LAG  RETRY  DEAD  CONFL
    ●  mirror         running         just now  1,234,567  38 ms      2     0     12
       same, 2 m 00 s ago: 5,000,000 rows on each side
    ?  orders-of-th…  stale      12 m 00 s ago  1,234,567  38 ms      2     0     12
       was running, but nothing was heard since: the process is gone or cannot write
    ●  half           running         just now  1,234,567  38 ms      2     0      1
       postgres://db-b:5432/app: connection refused
       same, 2 m 00 s ago: 5,000,000 rows on each side
    ?  dark           unknown                -          -      -      -     -      -
       postgres://db-b:5432/app: connection refused
    ○  fresh          never run              -          -      -      -     0      0
    ✗  broken         failed          just now  1,234,567  38 ms      2     0     12
       no unique index on id
    ■  done           stopped      2 d 1 h ago  1,234,567  38 ms      2     0     12
       same, 2 m 00 s ago: 5,000,000 rows on each side"
  `)
})

test('a flow is stale after 15 s of silence, not before', () => {
  const at = (heartbeatAt: string): string =>
    renderStatus([status('mirror', { record: record({ heartbeatAt }) })], { nowMs: NOW_MS, width: 80, paint: plain })
  expect(at('2026-01-01T11:59:45Z')).not.toContain('stale')
  expect(at('2026-01-01T11:59:44Z')).toContain('stale')
})

test('letters that are held have a column of their own, when there are any', () => {
  const statuses = [status('quotes', { kind: 'ingest', deadLetters: 3, held: 41 }), status('mirror')]
  expect(renderStatus(statuses, { nowMs: NOW_MS, width: 100, paint: plain })).toMatchInlineSnapshot(`
    "   FLOW    STATE       HEARD       ROWS    LAG  RETRY  DEAD  HELD  CONFL
    ●  quotes  running  just now  1,234,567  38 ms      2     3    41     12
       same, 2 m 00 s ago: 5,000,000 rows on each side
    ●  mirror  running  just now  1,234,567  38 ms      2     0     0     12
       same, 2 m 00 s ago: 5,000,000 rows on each side"
  `)
})

test('a flow with a schedule says when it runs again, and what its last run came to', () => {
  const scheduled = record({
    state: 'scheduled',
    lastError: 'cannot reach postgres://db-a',
    nextRunAt: '2026-01-01T12:15:00Z',
    lastRun: {
      startedAt: '2026-01-01T11:45:00Z',
      endedAt: '2026-01-01T11:46:00Z',
      exitCode: 3,
      error: 'cannot reach postgres://db-a',
    },
  })
  const text = renderStatus([status('nightly', { record: scheduled })], { nowMs: NOW_MS, width: 100, paint: plain })
  expect(text).toMatch(/◷ {2}nightly +scheduled/)
  expect(text).toContain('   failed 14 m 00 s ago: cannot reach postgres://db-a\n')
  expect(text).toContain('   next run 2026-01-01 12:15 UTC, in 15 m 00 s\n')
  expect(text).not.toContain('last error')
})

test('a flow that only reads, in a config without a state, is not said to have never run', () => {
  const kept = status('same', { kind: 'check', kept: false, database: undefined, record: undefined })
  const nothing = { ...kept, deadLetters: undefined, held: undefined, conflicts: undefined }
  expect(renderStatus([nothing], { nowMs: NOW_MS, width: 100, paint: plain })).toMatchInlineSnapshot(`
    "   FLOW  STATE     HEARD  ROWS  LAG  RETRY  DEAD  CONFL
    -  same  not kept      -     -    -      -     -      -
       it only reads, so how it stands is kept where the config has a \`state\`, and this one has none"
  `)
})
