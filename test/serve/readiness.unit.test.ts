import { memoryDatabase } from 'lockstep/memory'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Database } from '../../src/core/database.js'
import type { RunRecord } from '../../src/core/state.js'
import { RecordBoard } from '../../src/observe/board/record-board.js'
import type { Desk } from '../../src/serve/desk.js'
import { flowSummary } from '../../src/serve/flow-summary.js'
import { ReadinessProbe } from '../../src/serve/readiness.js'
import { toyFlow } from './subject.js'

const STARTED = Date.parse('2026-01-01T00:00:00Z')

function recordOf(change: Partial<RunRecord> = {}): RunRecord {
  const at = new Date(Date.now()).toISOString()
  return {
    flow: 'one',
    run: 'r1',
    kind: 'check',
    state: 'running',
    startedAt: at,
    heartbeatAt: at,
    items: 0,
    lagMs: undefined,
    retries: 0,
    deadLetters: 0,
    conflicts: 0,
    lastVerdict: undefined,
    lastError: undefined,
    nextRunAt: undefined,
    lastRun: undefined,
    ...change,
  }
}

/** A server beside processes that tell of their flows; `mute`: its database takes every question and answers none. */
function watching(mute: { now: boolean } = { now: false }) {
  const answering = memoryDatabase()
  const database: Database = Object.assign(Object.create(answering), {
    identify: () => (mute.now ? new Promise<never>(() => {}) : answering.identify()),
  })
  const board = new RecordBoard()
  const desk: Desk = {
    version: '0.0.0',
    mode: 'watch',
    readOnly: false,
    startedAt: new Date(STARTED).toISOString(),
    flows: new Map([['one', toyFlow(async () => {}, { databases: [database] })]]),
    stateOf: () => [database],
    board,
    feeds: { list: async () => ({ items: [], next: null }), one: async () => undefined },
    observer: () => {},
    drain: new AbortController().signal,
    abort: new AbortController().signal,
  }
  return { board, desk, probe: new ReadinessProbe(desk), label: answering.label }
}

describe('readiness', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: STARTED })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('is red within two seconds of a database that is silent, whoever asked when, and green as soon as it answers', async () => {
    const mute = { now: false }
    const { probe, label } = watching(mute)
    expect(await probe.ask()).toEqual({ ready: true, problems: [] })
    mute.now = true
    // The answer of before is given again for half a second.
    await vi.advanceTimersByTimeAsync(499)
    expect((await probe.ask()).ready).toBe(true)
    await vi.advanceTimersByTimeAsync(2)
    const asked = probe.ask()
    await vi.advanceTimersByTimeAsync(1_400)
    expect(await asked).toMatchObject({ ready: false, problems: [{ subject: label }] })
    mute.now = false
    await vi.advanceTimersByTimeAsync(501)
    expect((await probe.ask()).ready).toBe(true)
  })

  it('is red once a process that said it runs is silent, and not because of one that said it stopped', async () => {
    const { board, desk, probe } = watching()
    board.take(recordOf())
    expect(await probe.ask()).toMatchObject({ ready: true })
    expect(flowSummary(desk, 'one', null)).toMatchObject({ stale: false, condition: 'ok' })
    await vi.advanceTimersByTimeAsync(15_001)
    expect(await probe.ask()).toMatchObject({ ready: false, problems: [{ subject: 'flow one' }] })
    expect(flowSummary(desk, 'one', null)).toMatchObject({ stale: true, condition: 'broken', actions: ['reset'] })
    board.take(recordOf({ state: 'stopped' }))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await probe.ask()).toMatchObject({ ready: true })
    expect(flowSummary(desk, 'one', null)).toMatchObject({ stale: false, condition: 'off' })
  })
})
