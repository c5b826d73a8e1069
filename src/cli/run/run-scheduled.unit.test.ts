import { describe, expect, it } from 'vitest'
import { memoryState } from '../../adapters/memory/index.js'
import { ConfigError, type ExitCode } from '../../core/errors.js'
import type { FlowEvent } from '../../core/observer.js'
import { parseSchedule } from '../../flows/schedule.js'
import type { Clock } from './clock.js'
import { type Claim, DueClaims } from './due-claims.js'
import { runScheduled, type ScheduledFlow } from './run-scheduled.js'

const START = Date.parse('2026-03-01T00:07:00Z')
const minutes = (count: number): number => count * 60_000

/** Time that passes only when it is told to; whoever waits is woken in the order of time. */
class VirtualClock implements Clock {
  #now: number
  #waiting: { readonly ms: number; readonly wake: () => void }[] = []

  constructor(now = START) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  async until(ms: number, signal: AbortSignal): Promise<void> {
    if (ms <= this.#now || signal.aborted) return
    await new Promise<void>((resolve) => {
      this.#waiting.push({ ms, wake: resolve })
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  async pass(ms: number): Promise<void> {
    await settle()
    const end = this.#now + ms
    for (;;) {
      const [first] = this.#waiting.filter((waiting) => waiting.ms <= end).sort((a, b) => a.ms - b.ms)
      if (first === undefined) break
      this.#waiting = this.#waiting.filter((waiting) => waiting !== first)
      this.#now = Math.max(this.#now, first.ms)
      first.wake()
      await settle()
    }
    this.#now = end
  }

  set(now: number): void {
    this.#now = now
  }
}

/** Everything that can go on without time passing has gone on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

interface Toy {
  readonly cron?: string
  readonly clock?: VirtualClock
  run?(): Promise<ExitCode>
  ready?(): Promise<void>
  claim?(dueMs: number): Promise<Claim>
}

function start({ cron = '*/15 * * * *', clock = new VirtualClock(), ...rest }: Toy = {}) {
  const schedule = parseSchedule(cron, 'feed')
  if (schedule === undefined) throw new Error('no schedule')
  const [drain, abort] = [new AbortController(), new AbortController()]
  const events: FlowEvent[] = []
  const ranAt: string[] = []
  const flow: ScheduledFlow = {
    name: 'nightly',
    kind: 'check',
    schedule,
    ready: rest.ready ?? (async () => {}),
    claim: rest.claim ?? (async () => 'unknown'),
    run: async () => {
      ranAt.push(new Date(clock.now()).toISOString().slice(11, 16))
      return rest.run?.() ?? 0
    },
  }
  const observer = (event: FlowEvent): void => void events.push(event)
  const ended = runScheduled(flow, { clock, observer, drain: drain.signal, abort: abort.signal })
  const codes = (): readonly string[] => events.flatMap((event) => (event.type === 'notice' ? [event.code] : []))
  return { clock, events, ranAt, drain, abort, ended, codes }
}

describe('a flow with a schedule', () => {
  it('runs when it is due, not at the start, and says when the next time is', async () => {
    const toy = start()
    await toy.clock.pass(minutes(1))
    expect(toy.ranAt).toEqual([])
    expect(toy.events).toEqual([{ flow: 'nightly', type: 'scheduled', kind: 'check', nextAt: '2026-03-01T00:15:00Z' }])
    await toy.clock.pass(minutes(30))
    expect(toy.ranAt).toEqual(['00:15', '00:30'])
    expect(toy.events.at(-1)).toMatchObject({ type: 'scheduled', nextAt: '2026-03-01T00:45:00Z' })
    toy.drain.abort()
    expect(await toy.ended).toBe(0)
    expect(toy.events.at(-1)).toMatchObject({ type: 'stopped', exitCode: 0, error: undefined })
  })

  it('runs again at the next due time after a run that failed', async () => {
    const toy = start({ run: async () => 3 })
    await toy.clock.pass(minutes(40))
    expect(toy.ranAt).toEqual(['00:15', '00:30', '00:45'])
    toy.drain.abort()
    expect(await toy.ended).toBe(0)
  })

  it('never runs twice at a time, and says which due times are skipped', async () => {
    const clock = new VirtualClock()
    const toy = start({
      clock,
      run: async () => {
        if (toy.ranAt.length === 1) await clock.until(Date.parse('2026-03-01T00:52:00Z'), toy.abort.signal)
        return 0
      },
    })
    await clock.pass(minutes(24))
    expect(toy.codes()).toEqual(['due-skipped'])
    expect(toy.events.at(-1)).toMatchObject({
      level: 'warn',
      message: 'the run of 2026-03-01T00:15:00Z still goes on, so that of 2026-03-01T00:30:00Z is skipped',
    })
    await clock.pass(minutes(45))
    expect(toy.ranAt).toEqual(['00:15', '01:00', '01:15'])
    expect(toy.events.find((event) => event.type === 'notice' && /due times/.test(event.message))).toMatchObject({
      message: '2 due times passed while the run of 2026-03-01T00:15:00Z went on, and were skipped',
    })
    toy.drain.abort()
    await toy.ended
  })

  it('waits for the run when it is asked to stop during one, and begins no other', async () => {
    const clock = new VirtualClock()
    let finish = (): void => {}
    const toy = start({
      clock,
      run: () =>
        new Promise((resolve) => {
          finish = () => resolve(3)
        }),
    })
    await clock.pass(minutes(10))
    toy.drain.abort()
    let over = false
    void toy.ended.then(() => {
      over = true
    })
    await clock.pass(minutes(60))
    expect(over).toBe(false)
    finish()
    expect(await toy.ended).toBe(0)
    expect(toy.ranAt).toEqual(['00:15'])
  })

  it('exits with 130 when it was aborted', async () => {
    const toy = start()
    await toy.clock.pass(minutes(1))
    toy.abort.abort()
    toy.drain.abort()
    expect(await toy.ended).toBe(130)
  })

  it('stops at the start for a mistake in the config', async () => {
    const mistake = new ConfigError({
      code: 'table-missing',
      key: 'flows.nightly',
      message: 'no table',
      fix: 'make it',
    })
    const toy = start({ ready: () => Promise.reject(mistake) })
    expect(await toy.ended).toBe(2)
    expect(toy.events.at(-1)).toMatchObject({ type: 'stopped', exitCode: 2, error: mistake })
    expect(toy.ranAt).toEqual([])
  })

  it('ends at once while a database that does not answer is looked at', async () => {
    const toy = start({ ready: () => new Promise(() => {}) })
    await toy.clock.pass(minutes(1))
    toy.drain.abort()
    expect(await toy.ended).toBe(0)
  })

  it('runs no due time a second time when the clock is set back', async () => {
    const toy = start()
    await toy.clock.pass(minutes(8))
    expect(toy.ranAt).toEqual(['00:15'])
    toy.clock.set(Date.parse('2026-03-01T00:14:00Z'))
    await toy.clock.pass(minutes(2))
    expect(toy.ranAt).toEqual(['00:15'])
    await toy.clock.pass(minutes(14))
    expect(toy.ranAt).toEqual(['00:15', '00:30'])
    toy.drain.abort()
    await toy.ended
  })

  it('is run by one of two instances at each due time', async () => {
    const { signal } = new AbortController()
    const [state, clock] = [memoryState(), new VirtualClock()]
    const claimOf = (): ((dueMs: number) => Promise<Claim>) => {
      const claims = new DueClaims(state, 'nightly')
      return (dueMs) => claims.take(dueMs, signal)
    }
    const [one, other] = [start({ clock, claim: claimOf() }), start({ clock, claim: claimOf() })]
    await clock.pass(minutes(60))
    expect([...one.ranAt, ...other.ranAt].sort()).toEqual(['00:15', '00:30', '00:45', '01:00'])
    expect([...one.codes(), ...other.codes()]).toEqual(Array(4).fill('due-taken'))
    one.drain.abort()
    other.drain.abort()
    await Promise.all([one.ended, other.ended])
  })

  it('is run by whoever cannot ask the other instances', async () => {
    const toy = start({ claim: async () => 'unknown' })
    await toy.clock.pass(minutes(10))
    expect(toy.ranAt).toEqual(['00:15'])
    toy.drain.abort()
    await toy.ended
  })
})
