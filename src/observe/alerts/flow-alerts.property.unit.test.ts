import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ALERT_KINDS, type AlertKind } from '../../core/alert.js'
import { DataError, EXIT, UnavailableError } from '../../core/errors.js'
import { type Condition, conditionOf, conditionText } from './condition.js'
import { FlowAlerts } from './flow-alerts.js'
import { policyOf, rulesOf } from './rules.js'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const RULES = rulesOf({ lagAboveMs: 60_000, forMs: 300_000, deadLettersAbove: 0 }, undefined)

interface Told {
  readonly kind: AlertKind
  readonly status: string
  readonly at: number
}

/** Two instances of one flow that share what is saved, as checkpoints are shared: by compare-and-set. */
class World {
  now = 1_000_000_000_000
  readonly told: Told[] = []
  readonly #kind: string
  readonly #saved = new Map<AlertKind, string>()
  readonly #instances: { machine: FlowAlerts; known: Map<AlertKind, string> }[] = []

  constructor(kind: string, instances: number) {
    this.#kind = kind
    for (let index = 0; index < instances; index++) this.restart(index)
  }

  machine(index: number): FlowAlerts {
    const instance = this.#instances[index % this.#instances.length]
    if (instance === undefined) throw new RangeError('no instance')
    return instance.machine
  }

  restart(index: number): void {
    const machine = new FlowAlerts({ name: 'f', kind: this.#kind }, RULES, policyOf())
    for (const kind of ALERT_KINDS) machine.restore(kind, conditionOf(this.#saved.get(kind)))
    this.#instances[index] = { machine, known: new Map(this.#saved) }
  }

  /** A round of an instance; it may die between saying that it tells and telling. */
  round(index: number, dies: boolean): void {
    const instance = this.#instances[index % this.#instances.length]
    if (instance === undefined) return
    const { machine } = instance
    for (const alert of machine.due(this.now)) {
      machine.claim(alert.kind, this.now)
      this.#save(instance)
      if (machine.get(alert.kind)?.claimedAt !== this.now) continue
      if (dies) {
        this.restart(index % this.#instances.length)
        return
      }
      this.told.push({ kind: alert.kind, status: alert.status, at: this.now })
      machine.told(alert, this.now)
      this.#save(instance)
    }
    this.#save(instance)
  }

  #save({ machine, known }: { machine: FlowAlerts; known: Map<AlertKind, string> }): void {
    for (const kind of machine.takeChanged()) {
      const text = conditionText(machine.get(kind))
      if (machine.get(kind) === undefined && !known.has(kind)) continue
      if (this.#saved.get(kind) === known.get(kind)) {
        this.#saved.set(kind, text)
        known.set(kind, text)
      } else {
        const other = this.#saved.get(kind)
        if (other !== undefined) known.set(kind, other)
        machine.restore(kind, conditionOf(other))
      }
    }
  }

  condition(kind: AlertKind): Condition | undefined {
    return this.machine(0).get(kind)
  }
}

const step = fc.record({
  instance: fc.nat(1),
  wait: fc.oneof(fc.nat(5_000), fc.nat(2 * HOUR), fc.nat(2 * DAY)),
  does: fc.constantFrom(
    'fails',
    'refused',
    'different',
    'same',
    'unverified',
    'works',
    'late',
    'fast',
    'starts',
    'restart',
  ),
  letters: fc.option(fc.nat(3), { freq: 6 }),
  leaving: fc.boolean(),
  dies: fc.boolean(),
})

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

function play(world: World, steps: readonly Step[], deaths: boolean): void {
  for (const { instance, wait, does, letters, leaving, dies } of steps) {
    world.now += wait
    if (does === 'restart') world.restart(0)
    const machine = world.machine(instance)
    const see = (event: Parameters<FlowAlerts['observe']>[0]): void => machine.observe(event, world.now, leaving)
    const verdict = does === 'same' || does === 'different' || does === 'unverified' ? does : undefined
    if (does === 'starts') see({ flow: 'f', type: 'started', kind: 'x' })
    if (verdict !== undefined) see({ flow: 'f', type: 'verdict', verdict, detail: '', figures: { changed: 1 } })
    if (does === 'late' || does === 'fast') {
      see({ flow: 'f', type: 'batch', lane: 'a', items: 1, durationMs: 1, lagMs: does === 'late' ? DAY : 1 })
    }
    const error =
      does === 'fails' ? new UnavailableError('x', 'x') : does === 'refused' ? new DataError('x', 'x') : undefined
    if (error !== undefined || verdict !== undefined || does === 'works') {
      see({ flow: 'f', type: 'stopped', exitCode: EXIT.ok, error })
    }
    if (letters !== null) machine.letters(letters, world.now)
    world.round(instance, deaths && dies)
  }
}

const kinds = fc.constantFrom('check', 'feed', 'ingest')
const steps = fc.array(step, { maxLength: 60 })

describe('whatever happens', () => {
  it('an alert begins once, is repeated no sooner than it may be, and ends after it began', () => {
    fc.assert(
      fc.property(kinds, steps, (kind, plan) => {
        const world = new World(kind, 1)
        play(world, plan, false)
        for (const one of ALERT_KINDS) {
          let open: { readonly at: number; readonly repeats: number } | undefined
          for (const { status, at } of world.told.filter((told) => told.kind === one)) {
            if (status === 'raised') {
              expect(open).toBeUndefined()
              open = { at, repeats: 0 }
            } else {
              expect(open).toBeDefined()
              const { at: before = 0, repeats = 0 } = open ?? {}
              if (status === 'repeated') expect(at - before).toBeGreaterThanOrEqual(Math.min(DAY, HOUR * 2 ** repeats))
              open = status === 'resolved' ? undefined : { at, repeats: repeats + 1 }
            }
          }
        }
      }),
      { numRuns: 500 },
    )
  })

  it('what is wrong is told within a day, also after restarts and deaths in the middle of telling', () => {
    fc.assert(
      fc.property(kinds, steps, (kind, plan) => {
        const world = new World(kind, 1)
        play(world, plan, true)
        world.machine(0).observe({ flow: 'f', type: 'started', kind }, world.now, false)
        world
          .machine(0)
          .observe(
            { flow: 'f', type: 'stopped', exitCode: EXIT.unavailable, error: new UnavailableError('x', 'x') },
            world.now,
            false,
          )
        const before = world.told.length
        for (let hours = 0; hours <= 25; hours++) {
          world.round(0, false)
          world.now += HOUR
        }
        const told = world.told.slice(before).filter((one) => one.kind === 'stopped')
        // Told a moment ago by the plan itself, it is due again a day later at the latest.
        expect(told.length).toBeGreaterThan(0)
        expect(told.every(({ status }) => status !== 'resolved')).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('what is well again is told once, and nothing after that', () => {
    fc.assert(
      fc.property(kinds, steps, (kind, plan) => {
        const world = new World(kind, 1)
        play(world, plan, true)
        const machine = world.machine(0)
        const see = (event: Parameters<FlowAlerts['observe']>[0]): void => machine.observe(event, world.now, false)
        see({ flow: 'f', type: 'started', kind })
        see({ flow: 'f', type: 'verdict', verdict: 'same', detail: '', figures: {} })
        see({ flow: 'f', type: 'stopped', exitCode: EXIT.ok, error: undefined })
        machine.letters(0, world.now)
        for (let hours = 0; hours < 3; hours++) {
          world.now += HOUR
          world.round(0, false)
        }
        const length = world.told.length
        for (let days = 0; days < 5; days++) {
          world.now += DAY
          world.round(0, false)
        }
        expect(world.told.length).toBe(length)
        for (const one of ALERT_KINDS) {
          expect(world.condition(one)).toBeUndefined()
          const last = world.told.filter((told) => told.kind === one).at(-1)
          expect(last?.status ?? 'resolved').toBe('resolved')
        }
      }),
      { numRuns: 300 },
    )
  })

  it('of two instances that see the same, one tells', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(4 * HOUR)), { minLength: 1, maxLength: 40 }), (plan) => {
        const world = new World('ingest', 2)
        for (const [letters, wait] of plan) {
          world.now += wait + 1
          for (const index of [0, 1]) {
            world.machine(index).letters(letters, world.now)
            // Within a moment, but not at the very same one.
            world.now += 1
            world.round(index, false)
          }
        }
        const raised = world.told.filter(({ status }) => status === 'raised')
        for (const [index, { at }] of raised.entries()) {
          const before = raised[index - 1]?.at
          const resolved = world.told.some(
            (told) => told.status === 'resolved' && told.at > (before ?? 0) && told.at <= at,
          )
          if (before !== undefined) expect(resolved).toBe(true)
        }
      }),
      { numRuns: 200 },
    )
  })
})
