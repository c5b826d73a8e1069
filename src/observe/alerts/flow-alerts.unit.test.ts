import { describe, expect, it } from 'vitest'
import type { AlertKind, AlertRules } from '../../core/alert.js'
import { ConfigError, ConflictError, DataError, EXIT, UnavailableError } from '../../core/errors.js'
import type { FlowEvent } from '../../core/observer.js'
import { conditionOf, conditionText } from './condition.js'
import { FlowAlerts } from './flow-alerts.js'
import { policyOf, rulesOf } from './rules.js'

const MIN = 60_000
const HOUR = 60 * MIN
const RULES: AlertRules = { ...rulesOf({ lagAboveMs: MIN, forMs: 5 * MIN, deadLettersAbove: 10 }, undefined) }

/** A flow and its alerts, on a clock of its own. */
class Play {
  now = Date.parse('2026-01-31T03:00:00Z')
  machine: FlowAlerts
  leaving = false
  readonly #kind: string
  readonly #rules: AlertRules

  constructor(kind: string, rules: AlertRules = RULES) {
    this.#kind = kind
    this.#rules = rules
    this.machine = this.#made()
  }

  #made(): FlowAlerts {
    return new FlowAlerts({ name: 'f', kind: this.#kind }, this.#rules, policyOf())
  }

  see(...events: readonly Unnamed[]): this {
    for (const event of events) this.machine.observe({ flow: 'f', ...event }, this.now, this.leaving)
    return this
  }

  /** What is told within this time; each at once. */
  pass(ms: number): readonly string[] {
    const told: string[] = []
    for (const end = this.now + ms; ; ) {
      for (const alert of this.machine.due(this.now)) {
        told.push(`${alert.kind} ${alert.status}`)
        this.machine.told(alert, this.now)
      }
      const next = this.machine.nextMs(this.now) ?? Number.POSITIVE_INFINITY
      if (next > end) {
        this.now = end
        return told
      }
      this.now = Math.max(this.now, next)
    }
  }

  /** The process ends, and another one begins with what was saved. */
  restart(): this {
    const saved = KINDS.map((kind) => [kind, conditionText(this.machine.get(kind))] as const)
    this.machine = this.#made()
    for (const [kind, text] of saved) this.machine.restore(kind, conditionOf(text))
    return this
  }

  run(...events: readonly Unnamed[]): readonly string[] {
    this.see({ type: 'started', kind: this.#kind }, ...events)
    return this.pass(0)
  }
}

type Unnamed = FlowEvent extends infer Event ? (Event extends FlowEvent ? Omit<Event, 'flow'> : never) : never
const KINDS: readonly AlertKind[] = ['stopped', 'lag', 'dead-letters', 'different', 'refused']

const stopped = (error?: Error, exitCode: (typeof EXIT)[keyof typeof EXIT] = EXIT.ok): Unnamed => ({
  type: 'stopped',
  exitCode: error === undefined ? exitCode : EXIT.unavailable,
  error,
})
const verdict = (
  value: 'same' | 'different' | 'unverified',
  figures: Readonly<Record<string, number>> = {},
): Unnamed => ({ type: 'verdict', verdict: value, detail: `detail of ${value}`, figures })
const batch = (lagMs: number, lane = 'a'): Unnamed => ({ type: 'batch', lane, items: 1, durationMs: 1, lagMs })
const health = (healthy: boolean, subject = 'db'): Unnamed => ({ type: 'health', subject, healthy, reason: undefined })
const down = new UnavailableError('connection-refused', 'postgres://db:5432: refused')

describe('a check', () => {
  it('that differs is told once, then after 1, 2, 4, ... 24 hours, and its end once', () => {
    const play = new Play('check')
    expect(play.run(verdict('different', { changed: 3 }), stopped())).toEqual(['different raised'])
    for (let run = 1; run < 6; run++) {
      play.now += 9 * MIN
      expect(play.run(verdict('different', { changed: 3 }), stopped())).toEqual([])
    }
    play.now += 16 * MIN
    expect(play.run(verdict('different', { changed: 3 }), stopped())).toEqual(['different repeated'])
    const days = play.pass(7 * 24 * HOUR)
    // 2, 4, 8, 16 hours, then once a day.
    expect(days).toHaveLength(4 + 5)
    expect(play.run(verdict('same'), stopped())).toEqual(['different resolved'])
    expect(play.pass(48 * HOUR)).toEqual([])
  })

  it('says how many, from the number on that is asked for', () => {
    const play = new Play('check', { ...RULES, checkDifferent: 5 })
    const few = { mismatch: 2, orphan: 2, unstable: 90, rows: 900, durationMs: 900 }
    expect(play.run(verdict('different', few), stopped())).toEqual([])
    play.see({ type: 'started', kind: 'check' }, verdict('different', { ...few, unreferenced: 1 }), stopped())
    expect(play.machine.due(play.now)).toMatchObject([
      {
        flow: 'f',
        kind: 'different',
        count: 5,
        message: 'differs: detail of different',
        since: '2026-01-31T03:00:00.000Z',
      },
    ])
    play.pass(0)
    expect(play.run(verdict('different', few), stopped())).toEqual(['different resolved'])
  })

  it('that could not tell is told, and neither raises nor ends a difference', () => {
    const play = new Play('check')
    play.run(verdict('different', { changed: 1 }), stopped())
    expect(play.run(verdict('unverified'), stopped(undefined, EXIT.unavailable))).toEqual(['stopped raised'])
    expect(play.run(verdict('different', { changed: 1 }), stopped())).toEqual(['stopped resolved'])
  })

  it('that was stopped before its end says nothing, unless it had its verdict', () => {
    const play = new Play('check')
    play.leaving = true
    expect(play.run(verdict('unverified'), stopped(undefined, EXIT.unavailable))).toEqual([])
    expect(play.run(stopped(undefined, EXIT.aborted))).toEqual([])
    expect(play.run(verdict('different'), stopped(undefined, EXIT.different))).toEqual(['different raised'])
  })

  it('of a sample that is the same is no answer to a difference in all rows, but to one of a sample', () => {
    const [all, sample] = [new Play('check'), new Play('check')]
    all.run(verdict('different', { changed: 1 }), stopped())
    expect(all.run(verdict('same', { sampleShare: 0.01 }), stopped())).toEqual([])
    sample.run(verdict('different', { changed: 1, sampleShare: 0.01 }), stopped())
    expect(sample.run(verdict('same', { sampleShare: 0.01 }), stopped())).toEqual(['different resolved'])
  })

  it('goes on telling where the process before has stopped', () => {
    const play = new Play('check')
    play.run(verdict('different', { changed: 1 }), stopped())
    play.now += HOUR - 1
    expect(play.restart().run(verdict('different', { changed: 1 }), stopped())).toEqual([])
    play.now += 1
    expect(play.restart().run(verdict('different', { changed: 1 }), stopped())).toEqual(['different repeated'])
    expect(play.restart().run(verdict('same'), stopped())).toEqual(['different resolved'])
    expect(play.restart().run(verdict('same'), stopped())).toEqual([])
  })

  it('whose end came before what was saved could be read is resolved as well', () => {
    const play = new Play('check')
    play.run(verdict('different', { changed: 1 }), stopped())
    const text = conditionText(play.machine.get('different'))
    const next = new Play('check')
    next.see({ type: 'started', kind: 'check' }, verdict('same'), stopped())
    next.machine.restore('different', conditionOf(text))
    expect(next.pass(0)).toEqual(['different resolved'])
  })
})

describe('a feed', () => {
  it('that was refused is told as such, without the words of its rows, and its publication ends it', () => {
    const play = new Play('feed')
    const canary = new DataError('feed-rejected', '900 of 1000 rows are rejected: name "canary" is taken')
    play.see({ type: 'started', kind: 'feed' }, stopped(canary))
    expect(play.machine.due(play.now)).toMatchObject([
      { kind: 'refused', message: 'nothing was published: too many rows were rejected (feed-rejected)' },
    ])
    expect(play.pass(0)).toEqual(['refused raised'])
    expect(play.run(stopped(new DataError('feed-shrunk', 'it lost 60 %')))).toEqual([])
    expect(play.run(stopped())).toEqual(['refused resolved'])
  })

  it('that another instance published in its place is no news', () => {
    const play = new Play('feed')
    expect(play.run(stopped(new ConflictError('feed-overtaken', 'another was first')))).toEqual([])
  })

  it('that failed is told, and stopping it is no proof that it works', () => {
    const play = new Play('feed')
    expect(play.run(stopped(down))).toEqual(['stopped raised'])
    play.leaving = true
    expect(play.run(stopped())).toEqual([])
    play.leaving = false
    expect(play.run(stopped())).toEqual(['stopped resolved'])
  })
})

describe('a flow that goes on', () => {
  it('is told when it stops with an error, and well again once it has run for a minute', () => {
    const play = new Play('ingest')
    expect(play.run(stopped(down))).toEqual(['stopped raised'])
    play.restart().see({ type: 'started', kind: 'ingest' })
    expect(play.pass(MIN - 1)).toEqual([])
    expect(play.pass(1)).toEqual(['stopped resolved'])
  })

  it('that crashes again and again is one alert', () => {
    const play = new Play('ingest')
    const told = [...play.run(stopped(down))]
    for (let crash = 0; crash < 50; crash++) {
      play.now += 10_000
      play.restart().see({ type: 'started', kind: 'ingest' })
      told.push(...play.pass(20_000))
      told.push(...play.run(stopped(down)))
    }
    expect(told).toEqual(['stopped raised'])
  })

  it('is not well while what it needs fails', () => {
    const play = new Play('sync')
    play.run(stopped(down))
    play.see({ type: 'started', kind: 'sync' }, health(false))
    expect(play.pass(3 * MIN)).toEqual([])
    play.see(health(true))
    expect(play.pass(MIN)).toEqual(['stopped resolved'])
  })

  it('says no words of an error that is not its own', () => {
    const play = new Play('sync')
    play.see(stopped(new TypeError('cannot read "canary"')))
    expect(play.machine.due(play.now)).toMatchObject([{ message: 'stopped: unexpected TypeError; see the log' }])
    const config = new ConfigError({ code: 'table-missing', key: 'flows.f', message: 'no table', fix: 'create it' })
    const other = new Play('sync').see(stopped(config))
    expect(other.machine.due(other.now)).toMatchObject([{ message: 'stopped: flows.f: no table (table-missing)' }])
    const bad = new Play('sync').see(stopped(new DataError('too-many', 'canary')))
    expect(bad.machine.due(bad.now)).toMatchObject([{ message: expect.not.stringContaining('canary') }])
  })

  it('that is late for as long as it may not be is told, and no sooner', () => {
    const play = new Play('sync')
    play.see({ type: 'started', kind: 'sync' })
    for (let ms = 0; ms < 5 * MIN; ms += 10_000) {
      play.see(batch(2 * MIN))
      expect(play.pass(10_000)).toEqual([])
    }
    play.see(batch(2 * MIN))
    expect(play.machine.due(play.now)).toMatchObject([
      { kind: 'lag', count: 2 * MIN, message: 'is 2 min behind, more than 60 s for 5 min' },
    ])
    expect(play.pass(0)).toEqual(['lag raised'])
    play.see(batch(10))
    expect(play.pass(5 * MIN - 1)).toEqual([])
    expect(play.pass(1)).toEqual(['lag resolved'])
  })

  it('is late in each lane for itself', () => {
    const play = new Play('sync')
    play.see({ type: 'started', kind: 'sync' })
    const told: string[] = []
    for (let ms = 0; ms <= 6 * MIN; ms += 10_000) {
      play.see(batch(2 * MIN, 'stuck'), batch(1, 'fast'))
      told.push(...play.pass(10_000))
    }
    expect(told).toEqual(['lag raised'])
  })

  it('with one late item that nothing follows is not late', () => {
    const play = new Play('ingest')
    play.see({ type: 'started', kind: 'ingest' }, batch(HOUR))
    expect(play.pass(5 * HOUR)).toEqual([])
  })

  it('that can store nothing is late, although it says no lag', () => {
    const play = new Play('ingest')
    play.see({ type: 'started', kind: 'ingest' }, batch(5), health(false, 'postgres://db:5432'))
    expect(play.pass(6 * MIN - 1)).toEqual([])
    play.now += 1
    expect(play.machine.due(play.now)).toMatchObject([
      { kind: 'lag', message: 'has stored nothing for 6 min: postgres://db:5432 fails' },
    ])
    play.pass(0)
    play.see(health(true, 'postgres://db:5432'), batch(5))
    expect(play.pass(5 * MIN)).toEqual(['lag resolved'])
  })

  it('has dead letters, more than may wait', () => {
    const play = new Play('ingest')
    play.machine.letters(10, play.now)
    expect(play.pass(MIN)).toEqual([])
    play.machine.letters(11, play.now)
    expect(play.machine.due(play.now)).toMatchObject([{ count: 11, message: '11 dead letters wait, more than 10' }])
    play.pass(0)
    play.restart().machine.letters(3, play.now)
    expect(play.pass(MIN)).toEqual(['dead-letters resolved'])
  })

  it('that has done its work is well at once, and one that was stopped is not', () => {
    const play = new Play('ingest')
    play.run(stopped(down))
    play.leaving = true
    expect(play.run(stopped())).toEqual([])
    expect(play.pass(HOUR - 1)).toEqual([])
    play.leaving = false
    expect(play.restart().run(stopped())).toEqual(['stopped resolved'])
  })
})

describe('what is turned off', () => {
  const none: AlertRules = {
    stopped: false,
    lagAboveMs: undefined,
    forMs: 0,
    deadLettersAbove: undefined,
    checkDifferent: undefined,
    feedRefused: false,
  }

  it.each(['check', 'feed', 'ingest'])('is never told: %s', (kind) => {
    const play = new Play(kind, none)
    play.machine.letters(1_000, play.now)
    play.run(batch(HOUR), verdict('different'), stopped(kind === 'feed' ? new DataError('feed-shrunk', '') : down))
    expect(play.pass(HOUR)).toEqual([])
  })

  it('is forgotten when it was told before', () => {
    const play = new Play('check')
    play.run(verdict('different'), stopped())
    const saved = play.machine.get('different')
    const off = new Play('check', none)
    off.machine.restore('different', saved)
    expect(off.machine.get('different')).toBeUndefined()
    expect(off.machine.takeChanged()).toEqual(['different'])
  })
})
