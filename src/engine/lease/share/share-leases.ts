import { FencedError, type UnavailableError } from '../../../core/errors.js'
import type { FlowContext } from '../../../core/flow.js'
import type { LeaseRecord } from '../../../core/lease.js'
import { Candidate, type Place, type Taken } from '../candidate.js'
import type { Clock } from '../clock.js'
import { HeldLease, LEASE_MS } from '../held-lease.js'
import type { Participant } from '../participant.js'

export interface LeasesOptions {
  readonly home: Place
  /** Every database that the flow writes to. */
  readonly written: readonly Place[]
  readonly lanes: number
  readonly clock: Clock
}

/** Who has what of a flow with lanes, by number from 0 on; who is gone has nothing. */
export interface Holders {
  readonly members: ReadonlyMap<number, LeaseRecord | undefined>
  readonly lanes: ReadonlyMap<number, LeaseRecord | undefined>
}

/**
 * The leases of a flow with lanes. One that has the flow's name is held by all its members together, under one epoch: it
 * keeps out whoever divides the flow otherwise, or not at all. Each member has one of so many numbers as there are lanes,
 * which tells the others that it is there, and each lane is held by one member, with a fence of its own.
 */
export class ShareLeases {
  readonly me: Participant
  readonly #options: LeasesOptions
  readonly #context: FlowContext
  readonly #candidate: Candidate
  readonly #group
  /** A fence was found above our epoch, as the home database was restored. */
  readonly #above = new Map<string, number>()

  constructor(options: LeasesOptions, context: FlowContext, me: Participant) {
    this.#options = options
    this.#context = context
    this.me = me
    this.#candidate = new Candidate(options.home, context, { me, clock: options.clock })
    this.#group = { name: `processes with ${options.lanes} lanes`, id: `${options.lanes} lanes` }
  }

  laneName(lane: number): string {
    return `${this.#context.name} lane ${lane + 1}/${this.#options.lanes}`
  }

  memberName(member: number): string {
    return `${this.#context.name} member ${member + 1}/${this.#options.lanes}`
  }

  /** Joins the others, or is the first. `undefined`: somebody runs the flow who divides it otherwise. */
  async join(abort: AbortSignal): Promise<HeldLease | undefined> {
    const { name } = this.#context
    const record = await this.#candidate.look()
    const since = record?.since ?? new Date().toISOString()
    const ours = record?.holder?.id === this.#group.id
    if (!ours && !this.#candidate.isFree(record)) return undefined
    let sinceTaken = this.#options.clock.stopwatch()
    const above = this.#above.get(name)
    const epoch = await this.#candidate.atHome(async (leases) => {
      sinceTaken = this.#options.clock.stopwatch()
      if (record !== undefined && ours && above === undefined)
        return (await leases.renew(name, record.epoch, LEASE_MS)) ? record.epoch : undefined
      const taking = { epoch: record?.epoch, holder: this.#group, ms: LEASE_MS, above: above ?? 0 }
      const held = ours || (record?.holder !== undefined && this.me.mayReplace(record.holder.id))
      return leases.take(name, { ...taking, held })
    })
    return epoch === undefined ? undefined : this.#raised(name, { epoch, since, sinceTaken, from: undefined }, abort)
  }

  /** Takes a number that is free. `undefined`: there is none. */
  async enter(abort: AbortSignal): Promise<{ readonly number: number; readonly lease: HeldLease } | undefined> {
    for (const [number, record] of (await this.look()).members) {
      if (!this.#candidate.isFree(record)) continue
      const name = this.memberName(number)
      // Gone or not, what it was is of importance to whoever takes it.
      const taken = await this.#candidate.seize(await this.#candidate.look(name), { name })
      if (taken !== undefined && !abort.aborted) return { number, lease: this.#held(name, taken) }
    }
    return undefined
  }

  /** Takes a lane that nobody has. `undefined`: another was faster, or its fence was above it. */
  async takeLane(lane: number, abort: AbortSignal): Promise<HeldLease | undefined> {
    const name = this.laneName(lane)
    const record = await this.#candidate.look(name)
    if (!this.#candidate.isFree(record)) return undefined
    const taken = await this.#candidate.seize(record, { name, above: this.#above.get(name) ?? 0 })
    return taken && this.#raised(name, taken, abort)
  }

  /** Writes nothing. */
  async look(): Promise<Holders> {
    const numbers = Array.from({ length: this.#options.lanes }, (_, number) => number)
    const all = async (nameOf: (number: number) => string): Promise<ReadonlyMap<number, LeaseRecord | undefined>> =>
      new Map(
        await Promise.all(
          numbers.map(async (number): Promise<[number, LeaseRecord | undefined]> => {
            const record = await this.#candidate.look(nameOf(number))
            const mine = record?.holder?.id === this.me.holder.id
            return [number, mine || !this.#candidate.isFree(record) ? record : undefined]
          }),
        ),
      )
    return { members: await all((number) => this.memberName(number)), lanes: await all((lane) => this.laneName(lane)) }
  }

  /** Nothing is written any more under a lower epoch once this resolves. */
  async #raised(name: string, taken: Taken, abort: AbortSignal): Promise<HeldLease | undefined> {
    const lease = this.#held(name, taken)
    try {
      const fence = await this.#candidate.raise({ places: this.#options.written, epoch: taken.epoch, abort, name })
      if (fence <= taken.epoch) {
        this.#above.delete(name)
        return lease
      }
      this.#above.set(name, fence)
    } catch (error) {
      await lease.end()
      throw error
    }
    await lease.end()
    return undefined
  }

  #held(name: string, { epoch, sinceTaken }: Taken): HeldLease {
    const { home, clock } = this.#options
    const { name: flow, observer } = this.#context
    const lapsed = ({ code, message }: UnavailableError): void => {
      // All lapse together: one is enough to tell.
      if (name === flow) observer({ flow, type: 'notice', level: 'warn', code, message })
    }
    const tried = this.#candidate.tried.bind(this.#candidate)
    return new HeldLease({ flow: name, epoch, sinceTaken, leases: home.state.leases, clock, tried, lapsed })
  }
}

/** There are as many members as lanes, or the flow is not divided as this instance does it. */
export function noRoom(flow: string, lanes: number): FencedError {
  const message = `flow ${flow}: it has no room for one more process with ${lanes} lanes: as many run it already, or one that divides it otherwise; with --standby this instance would wait`
  return new FencedError('lease-held', message)
}
