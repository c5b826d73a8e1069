import { describe, expect, test } from 'vitest'
import { plain } from './paint.js'
import { type FlowView, type RunView, renderRun } from './run-view.js'

const NOW_MS = 1_700_000_000_000

function flow(overrides: Partial<FlowView>): FlowView {
  return {
    name: 'mirror',
    state: 'running',
    items: 1_234_567,
    itemsPerSecond: 48_210.4,
    history: Array.from({ length: 20 }, (_, second) => second * 2_500),
    lagP50Ms: 12.4,
    lagP99Ms: 48,
    retries: 0,
    deadLetters: 0,
    conflicts: 0,
    skipped: 0,
    unhealthy: [],
    verdict: undefined,
    error: undefined,
    ...overrides,
  }
}

function view(flows: readonly FlowView[], overrides: Partial<RunView> = {}): RunView {
  return { startedMs: NOW_MS - 84_000, nowMs: NOW_MS, flows, notices: [], stopping: 'no', ...overrides }
}

const everything = view(
  [
    flow({ verdict: { verdict: 'same', detail: '5,000,000 rows on each side', atMs: NOW_MS - 125_000 } }),
    flow({
      name: 'orders-of-the-last-quarter-by-region',
      state: 'running',
      retries: 12,
      unhealthy: [
        {
          subject: 'postgres://db-b.internal:5432/app',
          reason: 'connection refused; trying again',
          sinceMs: NOW_MS - 5_000,
        },
      ],
    }),
    flow({ name: 'customers', state: 'failed', items: 0, error: 'flows.customers.table: no unique index on id' }),
    flow({ name: 'cities', state: 'starting', items: 0, itemsPerSecond: 0, lagP50Ms: undefined, lagP99Ms: undefined }),
    flow({ name: 'streets', state: 'draining', deadLetters: 3, conflicts: 1_024 }),
    flow({ name: 'done', state: 'stopped', skipped: 1_200 }),
  ],
  { stopping: 'draining' },
)

describe('the live view', () => {
  test('in 80 columns', () => {
    expect(renderRun(everything, { width: 80, paint: plain })).toMatchInlineSnapshot(`
      "lockstep run · 6 flows · up 1 m 24 s    finishing · Ctrl-C again to stop at once

         FLOW          STATE          ROWS  ROWS/S  LAG P50    P99  RETRY  DEAD  CONFL
      ●  mirror        running   1,234,567  48,210    12 ms  48 ms      0     0      0
         same, 2 m 05 s ago: 5,000,000 rows on each side
      !  orders-of-t…  waiting   1,234,567  48,210    12 ms  48 ms     12     0      0
         postgres://db-b.internal:5432/app: connection refused; trying again (5.0 s)
      ✗  customers     failed            0  48,210    12 ms  48 ms      0     0      0
         flows.customers.table: no unique index on id
      ○  cities        starting          0       0        -      -      0     0      0
      ◌  streets       draining  1,234,567  48,210    12 ms  48 ms      0     3  1,024
      ■  done          stopped   1,234,567  48,210    12 ms  48 ms      0     0      0
         1,200 items skipped"
    `)
  })

  test('in 120 columns, with the history of the rate', () => {
    expect(renderRun(everything, { width: 120, paint: plain })).toMatchInlineSnapshot(`
      "lockstep run · 6 flows · up 1 m 24 s                                            finishing · Ctrl-C again to stop at once

         FLOW                            STATE          ROWS  ROWS/S  LAG P50    P99  RETRY  DEAD  CONFL  LAST 20 S
      ●  mirror                          running   1,234,567  48,210    12 ms  48 ms      0     0      0  ▁▁▂▂▂▃▃▄▄▄▅▅▅▆▆▇▇▇██
         same, 2 m 05 s ago: 5,000,000 rows on each side
      !  orders-of-the-last-quarter-by…  waiting   1,234,567  48,210    12 ms  48 ms     12     0      0  ▁▁▂▂▂▃▃▄▄▄▅▅▅▆▆▇▇▇██
         postgres://db-b.internal:5432/app: connection refused; trying again (5.0 s)
      ✗  customers                       failed            0  48,210    12 ms  48 ms      0     0      0  ▁▁▂▂▂▃▃▄▄▄▅▅▅▆▆▇▇▇██
         flows.customers.table: no unique index on id
      ○  cities                          starting          0       0        -      -      0     0      0  ▁▁▂▂▂▃▃▄▄▄▅▅▅▆▆▇▇▇██
      ◌  streets                         draining  1,234,567  48,210    12 ms  48 ms      0     3  1,024  ▁▁▂▂▂▃▃▄▄▄▅▅▅▆▆▇▇▇██
      ■  done                            stopped   1,234,567  48,210    12 ms  48 ms      0     0      0  ▁▁▂▂▂▃▃▄▄▄▅▅▅▆▆▇▇▇██
         1,200 items skipped"
    `)
  })

  test.each([80, 100, 120, 200])('no line is wider than %i columns', (width) => {
    const lines = renderRun(everything, { width, paint: plain }).split('\n')
    expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(width)
  })

  test('shows the last five notices', () => {
    const notices = Array.from({ length: 8 }, (_, index) => ({
      atMs: NOW_MS,
      level: 'info' as const,
      flow: 'mirror',
      text: `notice ${index}`,
    }))
    const shown = renderRun(view([flow({})], { notices }), { width: 80, paint: plain })
    expect(shown).not.toContain('notice 2')
    expect(shown).toContain('notice 3')
    expect(shown).toContain('notice 7')
  })

  test('a message cannot move the cursor', () => {
    const shown = renderRun(view([flow({ error: 'bad \u001b[2J\u0007 text\nand more' })]), { width: 80, paint: plain })
    expect(shown).toContain('bad \\u{1b}[2J\\u{7} text\\nand more')
  })
})

test('a flow that waits for its next run says when that is, and that the last one failed', () => {
  const next = { atMs: NOW_MS + 900_000, lastEndedMs: NOW_MS - 60_000 }
  const waiting = flow({ name: 'nightly', state: 'scheduled', next, error: 'cannot reach it' })
  const text = renderRun(view([waiting]), { width: 100, paint: plain })
  expect(text).toMatch(/◷ {2}nightly +scheduled/)
  expect(text).toContain('   failed 1 m 00 s ago: cannot reach it')
  expect(text).toContain('   next run 2023-11-14 22:28 UTC, in 15 m 00 s')
})
