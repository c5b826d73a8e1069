import fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { MemoryLeases } from '../../src/adapters/memory/leases.js'
import { memoryState } from '../../src/adapters/memory/state.js'
import { FencedError, UnavailableError } from '../../src/core/errors.js'
import type { LeaseStore } from '../../src/core/lease.js'
import { type Clock, systemClock } from '../../src/engine/lease/clock.js'
import { type LeasedContext, leased } from '../../src/engine/lease/leased.js'
import { pause } from '../../src/engine/retry.js'

const FLOW = 'mirror'
const INSTANCES = 3
const BEAT_MS = 200

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** The one database, with its leases and fences and what was committed. */
class World {
  readonly leases = new MemoryLeases()
  readonly committed: { readonly epoch: number; readonly by: number }[] = []
  readonly broken: string[] = []
}

/** A process that can be frozen at any await, and cut off from the database. */
class Machine {
  readonly #world: World
  readonly #number: number
  readonly #drain = new AbortController()
  readonly #abort = new AbortController()
  #thaw: (() => void) | undefined
  #frozen: Promise<void> = Promise.resolve()
  away = false
  leads = false
  readonly ended: Promise<unknown>

  constructor(world: World, number: number) {
    this.#world = world
    this.#number = number
    const home = { label: 'memory', state: { ...memoryState(), prepare: () => this.#step(), leases: this.#leases() } }
    const clock: Clock = {
      stopwatch: () => systemClock.stopwatch(),
      pause: (ms, ...signals) => pause(ms, ...signals).then(() => this.#frozen),
    }
    const context = {
      name: FLOW,
      observer: ({ type }: { readonly type: string }) => {
        this.leads = type === 'leading' || (this.leads && type !== 'standby')
      },
      ...{ drain: this.#drain.signal, abort: this.#abort.signal, untilCaughtUp: false, standby: true },
    }
    const run = leased({ home, written: [home], clock }, context, (inner) => this.#work(inner, clock))
    this.ended = run.catch((error: unknown) => error)
  }

  freeze(): void {
    if (this.#thaw !== undefined) return
    this.#frozen = new Promise((resolve) => {
      this.#thaw = resolve
    })
  }

  thaw(): void {
    this.#thaw?.()
    this.#thaw = undefined
  }

  stop(how: 'drain' | 'abort'): void {
    this.leads = false
    this.thaw()
    if (how === 'drain') this.#drain.abort()
    else this.#abort.abort()
  }

  async #work({ lease, abort, drain }: LeasedContext, clock: Clock): Promise<void> {
    if (lease === undefined) throw new TypeError('it runs under a lease')
    await clock.pause(BEAT_MS, abort, drain)
    while (!abort.aborted && !drain.aborted) {
      try {
        lease.check()
      } catch (error) {
        if (!(error instanceof UnavailableError)) throw error
        await clock.pause(BEAT_MS, abort)
        continue
      }
      // Whoever may still write by his own clock has the lease: nobody could take it.
      const epoch = (await this.#world.leases.look(FLOW))?.epoch
      if (epoch !== lease.epoch) this.#world.broken.push(`${lease.epoch} thinks it leads, ${epoch} does`)
      // Its transaction is open, and it may be frozen in it.
      await clock.pause(BEAT_MS)
      if (!this.away) this.#commit(lease.epoch)
    }
  }

  #commit(epoch: number): void {
    this.#world.leases.check(FLOW, epoch)
    this.#world.committed.push({ epoch, by: this.#number })
  }

  #leases(): LeaseStore {
    const { leases } = this.#world
    const over = async <Result>(work: () => Promise<Result>): Promise<Result> => {
      await this.#step()
      const result = await work()
      // It was done, and nobody may hear so.
      await this.#step()
      return result
    }
    return {
      look: (flow) => over(() => leases.look(flow)),
      take: (flow, taking) => over(() => leases.take(flow, taking)),
      renew: (flow, epoch, ms) => over(() => leases.renew(flow, epoch, ms)),
      release: (flow, epoch) => over(() => leases.release(flow, epoch)),
      raise: (flow, epoch) => over(() => leases.raise(flow, epoch)),
    }
  }

  async #step(): Promise<void> {
    await this.#frozen
    if (this.away) throw new UnavailableError('connection-lost', 'it is cut off')
  }
}

const step = fc.record({
  who: fc.nat(INSTANCES - 1),
  what: fc.constantFrom('freeze', 'thaw', 'away', 'back', 'stop', 'kill', 'nothing'),
  thenMs: fc.oneof(fc.nat(500), fc.integer({ min: 500, max: 14_000 })),
})

it('whoever is frozen, cut off, killed or stopped, and whenever: only the last to take the lease commits, and one always does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      const world = new World()
      const all: Machine[] = []
      const begin = (number: number): Machine => {
        const machine = new Machine(world, number)
        all.push(machine)
        return machine
      }
      const machines = Array.from({ length: INSTANCES }, (_, number) => begin(number))
      for (const { who, what, thenMs } of steps) {
        const machine = machines[who] ?? begin(who)
        if (what === 'freeze') machine.freeze()
        else if (what === 'thaw') machine.thaw()
        else if (what === 'away' || what === 'back') machine.away = what === 'away'
        else if (what !== 'nothing') {
          // What is killed never moves again, and another begins in its place.
          if (what === 'stop') machine.stop('drain')
          else machine.freeze()
          machines[who] = begin(who)
        }
        await vi.advanceTimersByTimeAsync(thenMs)
      }
      for (const machine of machines) {
        machine.thaw()
        machine.away = false
      }
      await vi.advanceTimersByTimeAsync(30_000)
      const before = world.committed.length
      await vi.advanceTimersByTimeAsync(5_000)

      const epochs = world.committed.map(({ epoch }) => epoch)
      expect(epochs).toEqual(epochs.toSorted((x, y) => x - y))
      expect(new Set(world.committed.map(({ epoch, by }) => `${epoch} ${by}`)).size).toBe(new Set(epochs).size)
      expect(world.broken).toEqual([])
      expect(world.committed.length).toBeGreaterThan(before)
      expect(machines.filter(({ leads }) => leads)).toHaveLength(1)

      for (const machine of all) machine.stop('abort')
      await vi.advanceTimersByTimeAsync(30_000)
      for (const end of await Promise.all(all.map(({ ended }) => ended))) {
        if (
          end instanceof UnavailableError ||
          end instanceof FencedError ||
          (end instanceof Error && end.name === 'AbortError')
        )
          continue
        expect(end).toBeUndefined()
      }
    }),
    { numRuns: 60 },
  )
}, 120_000)
