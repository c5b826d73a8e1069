import { FencedError, UnavailableError } from '../../../core/errors.js'
import type { FlowContext } from '../../../core/flow.js'
import { link } from '../../link.js'
import { type Clock, systemClock } from '../clock.js'
import type { HeldLease } from '../held-lease.js'
import type { LeasedContext, Leasing } from '../leased.js'
import { Participant } from '../participant.js'
import { Arrivals } from './arrivals.js'
import { fairShare } from './fair-share.js'
import { holdersText } from './holders-text.js'
import { type Holders, noRoom, ShareLeases } from './share-leases.js'
import { ShareRight } from './share-right.js'

export interface Sharing extends Leasing {
  /** Two or more. */
  readonly lanes: number
}

/** What a flow is given that shares its lanes with other processes. */
export interface SharedContext extends LeasedContext {
  /** The lanes that this process has, from 0 on, ascending; at least one. */
  readonly lanes: readonly number[]
}

/** Between two looks at who is there. */
const LOOK_MS = 1_000
/** After a loss, and before another try to join. */
const REST_MS = 500
/** What is not stored after so long is left to whoever has the lane next. */
const HAND_OVER_MS = 5_000

/**
 * Runs `work` for the lanes that are this process's fair share, and anew whenever these change; each lane is held by one
 * process at a time, under a lease and fences of its own. Ends when `work` ends by itself, or is drained.
 *
 * A process that comes gets its share from those that have more, once they have finished what they were writing; the
 * lanes of one that is gone are taken by the others when its leases expire.
 */
export async function shareLanes(
  { home, written, lanes, clock = systemClock }: Sharing,
  context: FlowContext,
  work: (context: SharedContext) => Promise<void>,
): Promise<void> {
  using me = new Participant(context.instance)
  const leases = new ShareLeases({ home, written, lanes, clock }, context, me)
  for (;;) {
    const lost = await new Membership({ leases, lanes, clock }, context).serve(work)
    if (lost === undefined) return
    const { code, message } = lost
    context.observer({ flow: context.name, type: 'notice', level: 'warn', code, message })
    await clock.pause(REST_MS, context.drain, context.abort)
  }
}

interface Surroundings {
  readonly leases: ShareLeases
  readonly lanes: number
  readonly clock: Clock
}

/** From joining the others to leaving them. */
class Membership {
  readonly #around: Surroundings
  readonly #context: FlowContext
  readonly #lanes = new Map<number, HeldLease>()
  readonly #arrivals: Arrivals
  #group: HeldLease | undefined
  #number = 0
  #member: HeldLease | undefined
  #told = ''

  constructor(around: Surroundings, context: FlowContext) {
    this.#around = around
    this.#context = context
    this.#arrivals = new Arrivals(around.clock)
  }

  /** `undefined`: the flow is over. Else why this process has to join anew. */
  async serve(work: (context: SharedContext) => Promise<void>): Promise<FencedError | undefined> {
    const { drain, abort } = this.#context
    try {
      if (!(await this.#join())) return undefined
      while (!drain.aborted && !abort.aborted) if (await this.#turn(work)) return undefined
      return undefined
    } catch (error) {
      if (abort.aborted) throw error
      if (error instanceof FencedError && error.code !== 'lease-held') return error
      // Nothing was begun: there is nothing to finish.
      if (drain.aborted && error instanceof UnavailableError && this.#lanes.size === 0) return undefined
      throw error
    } finally {
      await this.#leave()
    }
  }

  async #join(): Promise<boolean> {
    const { leases, lanes, clock } = this.#around
    const { drain, abort, standby = false, name: flow, observer } = this.#context
    for (let tries = 1; !drain.aborted && !abort.aborted; tries++) {
      this.#group ??= await leases.join(abort)
      if (this.#group !== undefined) {
        const entered = await leases.enter(abort)
        if (entered !== undefined) {
          this.#member = entered.lease
          this.#number = entered.number
          return true
        }
      }
      // Whoever was killed on another machine has gone by then.
      if (!standby && tries > JOIN_TRIES) throw noRoom(flow, lanes)
      const lease = { holder: 'other processes', epoch: this.#group?.epoch ?? 0, since: new Date().toISOString() }
      if (standby && tries === 2) observer({ flow, type: 'standby', lease })
      await clock.pause(LOOK_MS, drain, abort)
    }
    return false
  }

  /** Works with the lanes as they are until they are to change. Answers whether the work is over. */
  async #turn(work: (context: SharedContext) => Promise<void>): Promise<boolean> {
    const [drain, abort, over] = [new AbortController(), new AbortController(), new AbortController()]
    const held = [this.#group, this.#member, ...this.#lanes.values()].flatMap((lease) => lease ?? [])
    using _drain = link(drain, this.#context.drain)
    using _abort = link(abort, this.#context.abort, ...held.map(({ lost }) => lost))
    using _over = link(over, this.#context.drain, abort.signal)
    const ended = this.#work(work, drain.signal, abort.signal)
      .then(
        () => undefined,
        (error: unknown) => ({ error }),
      )
      .finally(() => over.abort())
    const surplus = await this.#change(over.signal).catch((error: unknown) => {
      abort.abort(error)
      return undefined
    })
    const late = surplus && setTimeout(() => abort.abort(HANDED_OVER), HAND_OVER_MS)
    if (surplus !== undefined) drain.abort()
    const failure = await ended
    clearTimeout(late)
    const lost = held.find((lease) => lease.lost.aborted)
    if (lost !== undefined && !this.#context.abort.aborted) throw lost.lost.reason
    if (failure !== undefined && abort.signal.reason !== HANDED_OVER) throw failure.error
    if (abort.signal.aborted && abort.signal.reason !== HANDED_OVER) throw abort.signal.reason
    if (surplus === undefined) return true
    await Promise.all(surplus.map((lane) => this.#lanes.get(lane)?.end()))
    for (const lane of surplus) this.#lanes.delete(lane)
    return false
  }

  async #work(work: (context: SharedContext) => Promise<void>, drain: AbortSignal, abort: AbortSignal): Promise<void> {
    const { leases, clock } = this.#around
    if (this.#group === undefined || this.#lanes.size === 0) return clock.pause(FOREVER_MS, drain, abort)
    const named = [...this.#lanes].map(([lane, lease]) => ({ name: leases.laneName(lane), lease }))
    const lease = new ShareRight(this.#group, named)
    await work({ ...this.#context, drain, abort, lease, lanes: [...this.#lanes.keys()].toSorted((a, b) => a - b) })
  }

  /** Resolves with the lanes to give away, none when others came instead; `undefined`: over before. */
  async #change(over: AbortSignal): Promise<readonly number[] | undefined> {
    const { leases, lanes, clock } = this.#around
    while (!over.aborted) {
      const holders = await unless(over, leases.look())
      if (holders === undefined) return undefined
      const members = [...holders.members].flatMap(([number, record]) => (record === undefined ? [] : [number]))
      const missing = fairShare(lanes, [...new Set([...members, this.#number])], this.#number) - this.#lanes.size
      if (missing < 0) return [...this.#lanes.keys()].toSorted((a, b) => a - b).slice(missing)
      const waits = this.#lanes.size === 0 && this.#arrivals.areAwaited(holders)
      if (missing > 0 && !waits && (await this.#take(missing, holders, over))) return []
      this.#tell(holders)
      await clock.pause(LOOK_MS, over)
    }
    return undefined
  }

  /** Takes lanes that nobody has, so many at most. Answers whether there were any. */
  async #take(most: number, { lanes }: Holders, over: AbortSignal): Promise<boolean> {
    const { me } = this.#around.leases
    const free = [...lanes].flatMap(([lane, record]) => {
      // One of our own that is not held was not given back, as nobody could be asked.
      const isFree = record === undefined || record.holder?.id === me.holder.id
      return isFree && !this.#lanes.has(lane) ? [lane] : []
    })
    let taken = 0
    for (const lane of free) {
      if (taken >= most || over.aborted) break
      const lease = await this.#around.leases.takeLane(lane, this.#context.abort)
      if (lease === undefined) continue
      this.#lanes.set(lane, lease)
      taken++
    }
    return taken > 0
  }

  /** Who has which lanes, whenever that changes. */
  #tell({ lanes }: Holders): void {
    const holder = holdersText(lanes)
    if (this.#group === undefined || holder === this.#told) return
    this.#told = holder
    const { name: flow, observer } = this.#context
    const lease = { holder, epoch: this.#group.epoch, since: new Date().toISOString() }
    if (this.#lanes.size > 0) observer({ flow, type: 'leading', lease, from: undefined })
    else observer({ flow, type: 'standby', lease })
  }

  /** Gives everything back; what all hold together, when nobody else is there. */
  async #leave(): Promise<void> {
    const alone = await this.#isAlone()
    await Promise.all([...this.#lanes.values(), this.#member].map((lease) => lease?.end()))
    await this.#group?.end(!alone)
  }

  async #isAlone(): Promise<boolean> {
    const enough = AbortSignal.timeout(LOOK_MS)
    const holders = await unless(enough, this.#around.leases.look()).catch(() => undefined)
    if (holders === undefined) return false
    return [...holders.members].every(([number, record]) => record === undefined || number === this.#number)
  }
}

const HANDED_OVER = new Error('its lanes are handed over')
const FOREVER_MS = 1_000_000_000
/** More than enough for the leases of those that were killed to expire. */
const JOIN_TRIES = 12

/** The result, or `undefined` as soon as the signal aborts. */
async function unless<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result | undefined> {
  if (signal.aborted) {
    work.catch(() => undefined)
    return undefined
  }
  let stop = (): void => {}
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined)
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
    work.catch(() => undefined)
  }
}
