import { memoryState } from 'lockstep/memory'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { CheckReport, ReferencesReport, TablesReport } from '../../../src/core/check-report.js'
import type { CheckStore, CheckSubject } from '../../../src/core/check-store.js'
import type { Difference } from '../../../src/core/difference.js'
import { ConfigError, UnavailableError } from '../../../src/core/errors.js'
import type { CheckOptions, FlowContext } from '../../../src/core/flow.js'
import type { FlowEvent } from '../../../src/core/observer.js'
import type { StateStore } from '../../../src/core/state.js'
import { check } from '../../../src/flows/check/check.js'
import { type HistoryOptions, historySettings } from '../../../src/flows/check/history/options.js'
import { recorded } from '../../../src/flows/check/history/recorded.js'

const SUBJECT: CheckSubject = { kind: 'tables', left: { label: 'a' }, right: { label: 'b' } }

const REPORT: TablesReport = {
  kind: 'tables',
  verdict: 'different',
  left: 'a',
  right: 'b',
  columns: ['id', 'name', 'price'],
  keyColumns: ['id'],
  rows: { left: 3n, right: 2n },
  missingLeft: 0,
  missingRight: 1,
  changed: 1,
  unstable: 0,
  fetchedRows: 4,
  durationMs: 5,
}

const COUNTED: ReferencesReport = {
  kind: 'references',
  verdict: 'different',
  of: 'count',
  master: { label: 'm', key: 'id', rows: 1 },
  references: [],
  total: 3,
  mismatch: 1,
  unreferenced: 0,
  orphan: 0,
  unstable: 0,
  snapshotMs: 1,
  durationMs: 2,
}

const CHANGED: Difference = { kind: 'changed', key: ['1'], left: ['1', 'secret one', '5'], right: ['1', 'other', '5'] }
const ONLY_LEFT: Difference = { kind: 'missing-right', key: ['2'], left: ['2', 'secret two', null] }

const schema = (key: readonly string[] = ['id']) => ({
  name: 'public.t',
  columns: REPORT.columns.map((name) => ({ name, type: 'text', nullable: true, hasDefault: false })),
  key,
})

const tell = (options: CheckOptions, differences: readonly Difference[], key = ['id']): void => {
  options.begun?.({ left: schema(key), right: schema(key) })
  for (const difference of differences) options.difference?.(difference)
}

interface Kept {
  readonly state?: StateStore
  readonly history?: HistoryOptions | false
  readonly drain?: AbortSignal
  readonly abort?: AbortSignal
  readonly options?: CheckOptions
}

function keeping({ history, options = {}, ...rest }: Kept) {
  const events: FlowEvent[] = []
  const never = new AbortController().signal
  const context: FlowContext = {
    ...{ name: 'same', drain: never, abort: never, untilCaughtUp: true, ...rest },
    observer: (event) => events.push(event),
  }
  const settings = historySettings(history)
  const run = (work: (options: CheckOptions) => Promise<CheckReport>): Promise<CheckReport> =>
    recorded({ context, options, subject: SUBJECT, settings }, work)
  return { events, run }
}

/** A memory store whose calls go through `before` first. */
function through(before: (call: string) => Promise<void>): { readonly state: StateStore; readonly checks: CheckStore } {
  const memory = memoryState()
  const { checks } = memory
  const store: CheckStore = {
    begin: async (run, keepRuns) => {
      await before('begin')
      await checks.begin(run, keepRuns)
    },
    add: async (id, findings) => {
      await before('add')
      await checks.add(id, findings)
    },
    alive: async (id, found) => {
      await before('alive')
      await checks.alive(id, found)
    },
    end: async (id, ended) => {
      await before('end')
      await checks.end(id, ended)
    },
    list: (page) => checks.list(page),
    get: (id) => checks.get(id),
    findings: (id, page) => checks.findings(id, page),
  }
  const { checkpoints, conflicts, deadLetters, runs, feeds, events, leases } = memory
  return {
    checks,
    state: { checkpoints, conflicts, deadLetters, runs, feeds, events, leases, checks: store, prepare: async () => {} },
  }
}

afterEach(() => void vi.useRealTimers())

describe('a check with a history', () => {
  it('keeps what was compared, what was found and how it ended, and hands everything on', async () => {
    const state = memoryState()
    const seen: string[] = []
    const { run, events } = keeping({
      state,
      options: { begun: () => seen.push('begun'), difference: ({ kind }) => seen.push(kind) },
    })
    const report = await run(async (options) => {
      tell(options, [CHANGED, ONLY_LEFT])
      return REPORT
    })
    expect(report).toBe(REPORT)
    expect(seen).toEqual(['begun', 'changed', 'missing-right'])
    expect(events).toEqual([])
    const [kept] = await state.checks.list()
    expect(kept).toMatchObject({ flow: 'same', subject: SUBJECT, state: 'finished', report: REPORT, exitCode: 1 })
    expect(kept?.found).toEqual({ byKind: { 'missing-right': 1, changed: 1 }, kept: 2 })
    expect(await state.checks.findings(kept?.id ?? '')).toEqual([
      { number: 1, about: 'row', kind: 'changed', key: ['1'], columns: ['name'] },
      { number: 2, about: 'row', kind: 'missing-right', key: ['2'], columns: [] },
    ])
  })

  it('holds no value of a row, not even as the key of a table without one, unless it is told to', async () => {
    const copies = { kind: 'copies', key: ['1', 'secret', '2'], left: ['1', 'secret', '2'], right: undefined } as const
    for (const keepRows of [false, true]) {
      const state = memoryState()
      const { run } = keeping({ state, history: { keepRows } })
      await run(async (options) => {
        tell(options, [{ ...copies, copies: { left: 2, right: 0 } }], [])
        return { ...REPORT, keyColumns: [], copies: 1 }
      })
      const [kept] = await state.checks.list()
      const findings = await state.checks.findings(kept?.id ?? '')
      expect(JSON.stringify([kept?.found, findings]).includes('secret')).toBe(keepRows)
      expect(findings).toMatchObject([{ key: [], copies: { left: 2, right: 0 } }])
    }
  })

  it('keeps rows where it is told to, with long values cut', async () => {
    const state = memoryState()
    const { run } = keeping({ state, history: { keepRows: true } })
    await run(async (options) => {
      tell(options, [{ ...CHANGED, left: ['1', 'x'.repeat(5_000), '5'] }])
      return REPORT
    })
    const [kept] = await state.checks.list()
    const [finding] = await state.checks.findings(kept?.id ?? '')
    expect(finding).toMatchObject({ left: ['1', `${'x'.repeat(999)}…`, '5'], right: CHANGED.right, columns: ['name'] })
  })

  it('keeps stored numbers with what was counted, by column', async () => {
    const state = memoryState()
    const { run } = keeping({ state })
    const sources = [{ name: 'mails.body', value: '3', rowKey: ['id'], rows: [['secret']] }]
    await run(async (options) => {
      options.finding?.({ kind: 'mismatch', key: '7', expected: '3', stored: '4', sources })
      return COUNTED
    })
    const [kept] = await state.checks.list()
    expect(kept?.found.byKind).toEqual({ mismatch: 1 })
    expect(await state.checks.findings(kept?.id ?? '')).toEqual([
      {
        number: 1,
        about: 'number',
        kind: 'mismatch',
        key: '7',
        expected: '3',
        stored: '4',
        sources: [{ name: 'mails.body', value: '3' }],
      },
    ])
  })

  it('counts all findings and keeps the first ones, in batches', async () => {
    const calls: string[] = []
    const { state, checks } = through(async (call) => void calls.push(call))
    const { run } = keeping({ state, history: { keepFindings: 450 } })
    const many = Array.from({ length: 2_000 }, (_, at): Difference => ({ ...ONLY_LEFT, key: [String(at)] }))
    await run(async (options) => {
      tell(options, many)
      return { ...REPORT, missingRight: 2_000, changed: 0 }
    })
    const [kept] = await checks.list()
    expect(kept?.found).toEqual({ byKind: { 'missing-right': 2_000 }, kept: 450 })
    const findings = await checks.findings(kept?.id ?? '', { limit: 1_000 })
    expect(findings.map(({ key }) => key)).toEqual(many.slice(0, 450).map(({ key }) => key))
    expect(calls.filter((call) => call === 'add')).toHaveLength(3)
  })

  it('keeps the keys alone when rows come faster than they can be written', async () => {
    const state = memoryState()
    const { run } = keeping({ state, history: { keepRows: true, keepFindings: 100_000 } })
    const large = 'x'.repeat(900)
    await run(async (options) => {
      const rows = Array.from({ length: 10_000 }, (_, at): Difference => {
        return { kind: 'missing-right', key: [String(at)], left: [String(at), large, large] }
      })
      tell(options, rows)
      return REPORT
    })
    const [kept] = await state.checks.list()
    const findings = await state.checks.findings(kept?.id ?? '', { limit: 100_000 })
    const withRows = findings.filter((finding) => finding.about === 'row' && finding.left !== undefined).length
    expect(findings).toHaveLength(10_000)
    expect(withRows).toBeGreaterThan(1_000)
    expect(withRows).toBeLessThan(4_000)
  })

  it('keeps how a run failed, without a value, and fails as it would', async () => {
    const problem = { code: 'table-missing', key: 'flows.same', message: 'no table', fix: 'make it' }
    for (const [error, kept] of [
      [new ConfigError(problem), { exitCode: 2, error: { code: 'table-missing', message: 'flows.same: no table' } }],
      [new TypeError('cannot read secret'), { exitCode: 70, error: { code: 'unexpected', message: 'TypeError' } }],
    ] as const) {
      const state = memoryState()
      const { run } = keeping({ state })
      await expect(run(() => Promise.reject(error))).rejects.toBe(error)
      expect(await state.checks.list()).toMatchObject([{ state: 'failed', report: undefined, ...kept }])
    }
  })

  it('writes nothing where there is no state, or where it is turned off', async () => {
    const state = memoryState()
    for (const kept of [{}, { state, history: false }] as const) {
      const { run } = keeping(kept)
      await run(async (options) => {
        tell(options, [CHANGED])
        return REPORT
      })
    }
    expect(await state.checks.list()).toEqual([])
  })
})

describe('a history that cannot be written', () => {
  it('is a notice, and the verdict is what it is', async () => {
    const { state, checks } = through(() => Promise.reject(new UnavailableError('connection', 'memory: is down\n no')))
    const { run, events } = keeping({ state })
    expect(await run(async () => REPORT)).toBe(REPORT)
    expect(events).toMatchObject([
      { type: 'notice', level: 'warn', code: 'history-unwritten', message: expect.stringContaining('memory: is down') },
      { type: 'notice', level: 'warn', code: 'history-unwritten', message: expect.stringContaining('is not in') },
    ])
    expect(await checks.list()).toEqual([])
  })

  it('is written once it can be, when it comes back while the check goes on', async () => {
    vi.useFakeTimers()
    let down = true
    const { state, checks } = through(async () => {
      if (down) throw new UnavailableError('connection', 'is down')
    })
    const { run, events } = keeping({ state })
    const running = run(async (options) => {
      tell(options, [CHANGED])
      await vi.advanceTimersByTimeAsync(30_000)
      expect(await checks.list()).toEqual([])
      down = false
      await vi.advanceTimersByTimeAsync(15_000)
      expect(await checks.list()).toMatchObject([{ state: 'running', found: { byKind: { changed: 1 }, kept: 1 } }])
      return REPORT
    })
    await running
    expect(events).toHaveLength(1)
    expect(await checks.list()).toMatchObject([{ state: 'finished', found: { kept: 1 } }])
  })

  it('does not hold up the check, nor for long its end, when it never answers', async () => {
    vi.useFakeTimers()
    const { state } = through(() => new Promise(() => {}))
    const { run, events } = keeping({ state })
    let ended = false
    const running = run(async () => REPORT).then(() => {
      ended = true
    })
    await vi.advanceTimersByTimeAsync(20_000)
    expect(ended).toBe(true)
    await running
    expect(events.length).toBeGreaterThan(0)
  })

  it('is left as it is by an abort, at once and without a word', async () => {
    const { state } = through(() => new Promise(() => {}))
    const abort = new AbortController()
    const { run, events } = keeping({ state, abort: abort.signal })
    await run(async () => {
      abort.abort()
      return { ...REPORT, verdict: 'unverified' }
    })
    expect(events).toEqual([])
  })
})

it('the option says what is wrong with it', () => {
  // @ts-expect-error: not a number
  expect(() => check.tables({ left: undefined, right: undefined, history: { keepRuns: 'all' } })).toThrow(
    'keepRuns: 100',
  )
})
