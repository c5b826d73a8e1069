import type { Database } from '../../core/database.js'
import { ConfigError, FencedError, UnavailableError } from '../../core/errors.js'
import type { FlowContext } from '../../core/flow.js'
import type { LeaseRecord, LeaseStore } from '../../core/lease.js'
import { Health } from '../health.js'
import { type Call, type RetryScope, retry } from '../retry.js'
import type { Clock } from './clock.js'
import { LEASE_MS } from './held-lease.js'
import type { Participant } from './participant.js'

/** Where a lease or a fence is kept. */
export type Place = Pick<Database, 'label' | 'state'>

/** Between two looks of a standby, and of an instance that looks whether the holder is alive. */
const STANDBY_MS = 1_000
const WATCH_MS = 500
const ASK_MS = 5_000
/** As long as the transactions of a frozen process are left open, and some more. */
const RAISE_MS = 30_000
const RETRY = { initialMs: 100, maxMs: 2_000, random: Math.random }

export interface Taken {
  readonly epoch: number
  readonly since: string
  /** Tells the time since the request was sent that took it. */
  readonly sinceTaken: () => number
  /** Who had it and let it expire. */
  readonly from: string | undefined
}

interface Raising {
  readonly places: readonly Place[]
  readonly epoch: number
  readonly abort: AbortSignal
  /** Of the fence; default the flow's. */
  readonly name?: string
}

/** Looks for the lease of a flow until it can be taken. */
export class Candidate {
  readonly #home: Place
  readonly #context: FlowContext
  readonly #me: Participant
  readonly #clock: Clock
  readonly #health: Health
  readonly #prepared = new Set<Place>()
  /** It had the lease before, or has waited for it. */
  #begun = false

  constructor(home: Place, context: FlowContext, { me, clock }: { readonly me: Participant; readonly clock: Clock }) {
    this.#home = home
    this.#context = context
    this.#me = me
    this.#clock = clock
    this.#health = new Health(context.name, context.observer)
  }

  /**
   * Takes the lease, under an epoch over `above`, as soon as nobody holds it. `undefined`: the flow is to end before. Without
   * `standby` throws a `FencedError` once it has seen that the holder is alive.
   */
  async take(above: number): Promise<Taken | undefined> {
    const { drain, abort, standby = false } = this.#context
    let told: number | undefined
    let seen: string | undefined
    try {
      while (!drain.aborted && !abort.aborted) {
        const record = await this.look()
        if (record === undefined || this.isFree(record)) {
          const taken = await this.seize(record, { above })
          if (taken !== undefined) return taken
          continue
        }
        const mark = `${record.epoch} ${record.renewal}`
        if (!standby && seen !== undefined && mark !== seen) throw heldBy(this.#context.name, record)
        seen = mark
        this.#begun = true
        if (standby && told !== record.epoch) this.#tell(record)
        told = record.epoch
        await this.#clock.pause(Math.max(1, Math.min(record.leftMs, standby ? STANDBY_MS : WATCH_MS)), drain, abort)
      }
    } catch (error) {
      if (!(error instanceof UnavailableError) || !(drain.aborted || abort.aborted)) throw error
    }
    return undefined
  }

  /** Raises the fence of each place, and answers how high the highest is. Nothing is written there under a lower epoch afterwards. */
  async raise({ places, epoch, abort, name = this.#context.name }: Raising): Promise<number> {
    const fences = await Promise.all(
      places.map(async (place) => {
        await this.#prepare(place, abort)
        return this.#ask(place, { what: 'the fence', ms: RAISE_MS, abort }, () => place.state.leases.raise(name, epoch))
      }),
    )
    return Math.max(epoch, ...fences)
  }

  /** Tells the health of the lease, which is not that of the rows. */
  tried(failure: Error | undefined): void {
    const subject = `${this.#home.label} (lease)`
    if (failure === undefined) this.#health.worked(subject, 'renewal')
    else this.#health.failed(subject, 'renewal', failure.message)
  }

  /** Asks the database that has the leases, until it answers. */
  atHome<Result>(work: (leases: LeaseStore) => Promise<Result>): Promise<Result> {
    const { leases } = this.#home.state
    return this.#ask(this.#home, { what: 'the lease', ms: ASK_MS, abort: this.#context.abort }, () => work(leases))
  }

  /** `name`: of a lease; default the flow's. */
  async look(name = this.#context.name): Promise<LeaseRecord | undefined> {
    const { abort } = this.#context
    await this.#prepare(this.#home, abort)
    const { leases } = this.#home.state
    return this.#ask(this.#home, { what: 'the lease', ms: ASK_MS, abort }, () => leases.look(name))
  }

  /** Takes a lease that was looked at. `undefined`: another was faster. */
  async seize(
    record: LeaseRecord | undefined,
    { above = 0, name = this.#context.name }: { readonly above?: number; readonly name?: string } = {},
  ): Promise<Taken | undefined> {
    const { abort } = this.#context
    const { leases } = this.#home.state
    const previous = record?.holder
    const taking = {
      epoch: record?.epoch,
      holder: this.#me.holder,
      ms: LEASE_MS,
      above,
      held: previous !== undefined && this.#me.mayReplace(previous.id),
    }
    let sinceTaken = this.#clock.stopwatch()
    const epoch = await this.#ask(this.#home, { what: 'the lease', ms: ASK_MS, abort }, () => {
      sinceTaken = this.#clock.stopwatch()
      return leases.take(name, taking)
    })
    if (epoch === undefined) return undefined
    this.#begun = true
    this.tried(undefined)
    const from = previous === undefined || previous.id === this.#me.holder.id ? undefined : previous.name
    const { since } = (await this.look(name)) ?? { since: new Date().toISOString() }
    return { epoch, since, sinceTaken, from }
  }

  isFree(record: LeaseRecord | undefined): boolean {
    if (record?.holder === undefined) return true
    return record.leftMs <= 0 || this.#me.mayReplace(record.holder.id)
  }

  async #prepare(place: Place, abort: AbortSignal): Promise<void> {
    if (this.#prepared.has(place)) return
    await this.#ask(place, { what: 'the state tables', ms: RAISE_MS, abort }, (signal) => place.state.prepare(signal))
    this.#prepared.add(place)
  }

  /** Waits for a database that cannot be reached, with red health. */
  #ask<Result>(
    { label }: Place,
    { what, ms, abort }: { readonly what: string; readonly ms: number; readonly abort: AbortSignal },
    work: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const { name: flow, observer, drain } = this.#context
    const scope: RetryScope = { flow, observer, health: this.#health, options: RETRY, leaving: drain, abort }
    const call: Call = { lane: label, subject: label, what: `${what} of ${flow}`, deadlineMs: ms }
    return retry(scope, call, (_, signal) => work(signal).catch((error: unknown) => this.#refuse(error)))
  }

  /** Rights that are taken away while a flow runs are an outage. */
  #refuse(error: unknown): never {
    if (!this.#begun || !(error instanceof ConfigError) || error.code !== 'permission-denied') throw error
    throw new UnavailableError(error.code, error.message, { cause: error })
  }

  #tell({ epoch, holder, since }: LeaseRecord): void {
    const { name: flow, observer } = this.#context
    observer({ flow, type: 'standby', lease: { holder: holder?.name ?? '', epoch, since } })
  }
}

export function heldBy(flow: string, { holder, since }: LeaseRecord): FencedError {
  const message = `flow ${flow}: it must run once, and ${holder?.name} runs it since ${since}; with --standby this instance would wait and take over`
  return new FencedError('lease-held', message)
}
