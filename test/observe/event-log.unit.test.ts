import { memoryState } from 'lockstep/memory'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DataError, UnavailableError } from '../../src/core/errors.js'
import { type EventLogStore, eventTag } from '../../src/core/event-log.js'
import type { FlowEvent } from '../../src/core/observer.js'
import type { StateStore } from '../../src/core/state.js'
import { EventLog } from '../../src/observe/events/event-log.js'

const CANARY = 'postgres://user:C4N4RY@host/db'

type Untold<Event> = Event extends unknown ? Omit<Event, 'flow'> : never

/** A log over a state in memory that does what the test says. */
function subject(keep = { days: 30, rows: 10_000 }) {
  const memory = memoryState()
  const saved: number[] = []
  const control = { down: false, hangs: false }
  const events: EventLogStore = {
    save: async (rows) => {
      if (control.hangs) await new Promise(() => {})
      if (control.down) throw new UnavailableError('connection', 'gone')
      saved.push(rows.length)
      await memory.events.save(rows)
    },
    list: (page) => memory.events.list(page),
    forget: (flow, what) => memory.events.forget(flow, what),
  }
  const { checkpoints, conflicts, deadLetters, runs, checks, feeds, leases } = memory
  const state: StateStore = {
    checkpoints,
    conflicts,
    deadLetters,
    runs,
    checks,
    feeds,
    events,
    leases,
    prepare: async () => {},
  }
  const log = new EventLog({
    flows: [
      { name: 'f', state },
      { name: 'g', state },
      { name: 'nowhere', state: undefined },
    ],
    keep,
  })
  const tell = (event: Untold<FlowEvent>, flow = 'f'): void => log.observer({ flow, ...event })
  const kept = async (flow = 'f'): Promise<readonly string[]> =>
    (await memory.events.list({ flow, limit: 10_000 })).map(({ event, times }) => `${event} ${times}`).reverse()
  return { log, tell, kept, saved, control, memory }
}

const letters = (code: string, count = 1) =>
  ({ type: 'dead-letters', lane: 'l', count, code, reason: `refused (${CANARY})` }) as const
const down = { type: 'health', subject: 'db', healthy: false, reason: `db: ${CANARY} gone` } as const
const up = { type: 'health', subject: 'db', healthy: true, reason: undefined } as const
const verdict = (said: 'same' | 'different' | 'unverified') =>
  ({ type: 'verdict', verdict: said, detail: 'of 3 rows', figures: {} }) as const
const failed = { type: 'stopped', exitCode: 5, error: new DataError('feed-shrunk', 'too few rows') } as const

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('the event log', () => {
  it('keeps failures and changes of state, each under one name, and nothing of batches', async () => {
    const { tell, kept, saved, memory, log } = subject()
    tell({ type: 'started', kind: 'ingest' })
    for (let batch = 0; batch < 100; batch++) {
      tell({ type: 'batch', lane: 'l', items: 1, durationMs: 1, lagMs: 1 })
      tell({ type: 'checkpoint', lane: 'l' })
    }
    tell(down)
    tell(up)
    tell({ type: 'retry', lane: 'l', attempt: 1, delayMs: 1, error: new UnavailableError('connection', CANARY) })
    tell(letters('check-violation', 3))
    tell({ ...letters('orphan'), held: true })
    tell({ type: 'conflicts', count: 2, decision: 'kept-both' })
    tell({ type: 'skipped', lane: 'l', count: 9, reason: 'stale' })
    tell({ type: 'notice', level: 'info', code: 'fine', message: 'all is fine' })
    tell({ type: 'notice', level: 'warn', code: 'horizon-held', message: 'by someone' })
    tell({ type: 'paused', kind: 'ingest' })
    tell({ type: 'stopped', exitCode: 0, error: undefined })
    tell(failed)
    expect(saved).toEqual([])
    await vi.advanceTimersByTimeAsync(1_000)
    // Together, and with the oldest first.
    expect(saved).toEqual([11])
    expect(await kept()).toEqual([
      ...['started 1', 'unavailable 1', 'recovered 1', 'retry 1', 'dead-letters 3', 'held 1', 'conflicts 2'],
      ...['warning 1', 'paused 1', 'stopped 1', 'failed 1'],
    ])
    const rows = await memory.events.list({ flow: 'f' })
    expect(JSON.stringify(rows)).not.toContain('C4N4RY')
    expect(new Set(rows.map(({ id }) => eventTag(id)))).toEqual(new Set([log.tag]))
    expect(rows.find(({ event }) => event === 'unavailable')).toMatchObject({ level: 'error', subject: 'db' })
    expect(rows.find(({ event }) => event === 'dead-letters')).toMatchObject({ level: 'warn', code: 'check-violation' })
    tell(down, 'nowhere')
    tell(down, 'unknown')
    await log.close(1_000)
    expect(saved).toEqual([11])
  })

  it('counts what goes on in one row for ten minutes, and tells what changes each time', async () => {
    const { tell, kept } = subject()
    for (let minute = 0; minute < 15; minute++) {
      tell(letters('check-violation', 2))
      tell(minute % 2 === 0 ? down : up)
      await vi.advanceTimersByTimeAsync(60_000)
    }
    expect((await kept()).filter((row) => row.startsWith('dead'))).toEqual(['dead-letters 20', 'dead-letters 10'])
    expect((await kept()).filter((row) => row === 'unavailable 1')).toHaveLength(8)
  })

  it('says of verdicts what is news, and of feeds that they were published or refused', async () => {
    const { tell, kept } = subject()
    for (const said of ['same', 'same', 'different', 'different', 'same', 'same'] as const) {
      tell(verdict(said))
      await vi.advanceTimersByTimeAsync(20_000)
    }
    tell({ type: 'started', kind: 'feed' }, 'g')
    tell({ type: 'published', feed: 'places', sequence: 3, rows: 2, bytes: 20, files: 1, detail: 'all of it' }, 'g')
    tell(failed, 'g')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(await kept()).toEqual(['same 1', 'different 1', 'different 1', 'same 1'])
    expect(await kept('g')).toEqual(['started 1', 'published 1', 'refused 1'])
  })

  it('waits for a database that is away, and never makes anybody wait', async () => {
    const { tell, kept, control, log } = subject()
    control.down = true
    tell(down)
    await vi.advanceTimersByTimeAsync(120_000)
    tell(up)
    expect(await kept()).toEqual([])
    control.down = false
    await vi.advanceTimersByTimeAsync(30_000)
    expect(await kept()).toEqual(['unavailable 1', 'recovered 1'])
    control.hangs = true
    tell(down)
    await vi.advanceTimersByTimeAsync(10_000)
    control.hangs = false
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await kept()).toEqual(['unavailable 1', 'recovered 1', 'unavailable 1'])
    control.hangs = true
    tell(up)
    const closed = log.close(2_000)
    await vi.advanceTimersByTimeAsync(2_000)
    await closed
  })

  it('gives up the oldest of too many, and says how many', async () => {
    const { tell, kept, control } = subject()
    control.down = true
    for (let feed = 0; feed < 2_500; feed++) {
      tell({ type: 'published', feed: 'places', sequence: feed, rows: 2, bytes: 20, files: 1, detail: 'all of it' })
    }
    control.down = false
    await vi.advanceTimersByTimeAsync(60_000)
    const rows = await kept()
    expect(rows).toHaveLength(2_001)
    expect(rows.at(-1)).toBe('events-lost 500')
  })

  it('keeps no more than it was told to', async () => {
    const { tell, kept } = subject({ days: 1, rows: 5 })
    for (let feed = 0; feed < 20; feed++) {
      tell({ type: 'published', feed: 'places', sequence: feed, rows: 2, bytes: 20, files: 1, detail: 'all of it' })
    }
    await vi.advanceTimersByTimeAsync(1_000)
    expect(await kept()).toHaveLength(5)
  })
})
