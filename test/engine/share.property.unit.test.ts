import fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { MemoryLeases } from '../../src/adapters/memory/leases.js'
import { memoryState } from '../../src/adapters/memory/state.js'
import { FencedError, UnavailableError } from '../../src/core/errors.js'
import type { LeaseStore } from '../../src/core/lease.js'
import { type Clock, systemClock } from '../../src/engine/lease/clock.js'
import { type SharedContext, shareLanes } from '../../src/engine/lease/share/share-lanes.js'
import { pause } from '../../src/engine/retry.js'

const FLOW = 'mirror'
const LANES = 4
const INSTANCES = 3
const BEAT_MS = 300

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A write of a lane, under the epoch of its fence. */
interface Write {
  readonly lane: string
  readonly epoch: number
  readonly by: number
}

class World {
  readonly leases = new MemoryLeases()
  readonly writes: Write[] = []
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
      ...{ name: FLOW, observer: () => {}, drain: this.#drain.signal, abort: this.#abort.signal },
      ...{ untilCaughtUp: false, standby: true },
    }
    const run = shareLanes({ home, written: [home], lanes: LANES, clock }, context, (inner) => this.#work(inner, clock))
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
    this.thaw()
    if (how === 'drain') this.#drain.abort()
    else this.#abort.abort()
  }

  async #work({ lease, abort, drain }: SharedContext, clock: Clock): Promise<void> {
    if (lease === undefined) throw new TypeError('it runs under a lease')
    while (!abort.aborted && !drain.aborted) {
      try {
        lease.check()
        // Its transaction is open, and it may be frozen in it.
        await clock.pause(BEAT_MS)
        if (!this.away) this.#commit(lease)
      } catch (error) {
        if (!(error instanceof UnavailableError)) throw error
        await clock.pause(BEAT_MS, abort)
      }
    }
  }

  #commit({ epoch, fences = [] }: NonNullable<SharedContext['lease']>): void {
    for (const check of [{ flow: FLOW, epoch }, ...fences]) this.#world.leases.check(check.flow, check.epoch)
    for (const fence of fences) this.#world.writes.push({ lane: fence.flow, epoch: fence.epoch, by: this.#number })
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

/** Lanes that each process wrote. */
function sharesOf(writes: readonly Write[]): number[] {
  const processes = [...new Set(writes.map(({ by }) => by))]
  return processes
    .map((by) => new Set(writes.filter((write) => write.by === by).map(({ lane }) => lane)).size)
    .toSorted()
}

it('whoever is frozen, cut off, killed or stopped, and whenever: only the last to take a lane writes it, and in the end all have their shares', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
      const world = new World()
      const all: Machine[] = []
      const begin = (): Machine => {
        const machine = new Machine(world, all.length)
        all.push(machine)
        return machine
      }
      const machines = Array.from({ length: INSTANCES }, begin)
      for (const { who, what, thenMs } of steps) {
        const machine = machines[who] ?? begin()
        if (what === 'freeze') machine.freeze()
        else if (what === 'thaw') machine.thaw()
        else if (what === 'away' || what === 'back') machine.away = what === 'away'
        else if (what !== 'nothing') {
          // What is killed never moves again, and another begins in its place.
          if (what === 'stop') machine.stop('drain')
          else machine.freeze()
          machines[who] = begin()
        }
        await vi.advanceTimersByTimeAsync(thenMs)
      }
      for (const machine of machines) {
        machine.thaw()
        machine.away = false
      }
      await vi.advanceTimersByTimeAsync(40_000)
      const before = world.writes.length
      await vi.advanceTimersByTimeAsync(5_000)

      for (const lane of new Set(world.writes.map((write) => write.lane))) {
        const writes = world.writes.filter((write) => write.lane === lane)
        const epochs = writes.map(({ epoch }) => epoch)
        expect(epochs).toEqual(epochs.toSorted((x, y) => x - y))
        expect(new Set(writes.map(({ epoch, by }) => `${epoch} ${by}`)).size).toBe(new Set(epochs).size)
      }
      expect(sharesOf(world.writes.slice(before))).toEqual([1, 1, 2])

      for (const machine of all) machine.stop('abort')
      await vi.advanceTimersByTimeAsync(30_000)
      for (const end of await Promise.all(all.map(({ ended }) => ended))) {
        const isEnd = end instanceof Error && (end instanceof FencedError || end.name === 'AbortError')
        if (!(end instanceof UnavailableError) && !isEnd) expect(end).toBeUndefined()
      }
    }),
    { numRuns: 25 },
  )
}, 120_000)
