import { FencedError, UnavailableError } from '../../core/errors.js'
import type { FlowContext } from '../../core/flow.js'
import { link } from '../link.js'
import { Candidate, type Place, type Taken } from './candidate.js'
import { type Clock, systemClock } from './clock.js'
import { HeldLease, type WriteRight } from './held-lease.js'
import { Participant } from './participant.js'

export interface Leasing {
  /** Where the lease is kept. */
  readonly home: Place
  /** Every database that the flow writes to: each has a fence. */
  readonly written: readonly Place[]
  readonly clock?: Clock
}

/** What a flow is given that must run once. */
export interface LeasedContext extends FlowContext {
  /** Left out by flows that may run any number of times. */
  readonly lease?: WriteRight
}

type End =
  | { readonly kind: 'over' }
  /** A fence is higher than our epoch, as the database of the lease was restored. */
  | { readonly kind: 'behind'; readonly fence: number }
  | { readonly kind: 'lost'; readonly reason: unknown }

/**
 * Runs `work` under the lease of its flow: once over all instances. Whoever takes the lease raises the fence in each
 * database that is written to, and only then begins, so that nothing is written there any more by who had it before.
 *
 * While another instance holds it: waits, or throws a `FencedError`. While it cannot be renewed `work` may write nothing;
 * when another instance took it, `work` is aborted.
 */
export async function leased(
  { home, written, clock = systemClock }: Leasing,
  context: FlowContext,
  work: (context: LeasedContext) => Promise<void>,
): Promise<void> {
  using me = new Participant(context.instance)
  const candidate = new Candidate(home, context, { me, clock })
  for (let above = 0; ; ) {
    const taken = await candidate.take(above)
    if (taken === undefined) return
    const term = new Term(taken, { home, written, clock, candidate, name: me.holder.name }, context)
    const end = await term.serve(work)
    if (end.kind === 'over') return
    if (end.kind === 'behind') above = end.fence
    else {
      tellLoss(context, end.reason)
      await clock.pause(REST_MS, context.drain, context.abort)
    }
  }
}

/** After a loss, so that whatever goes wrong again and again does not go wrong all the time. */
const REST_MS = 500

/** Goes on to the next term, or throws what ends the flow. */
function tellLoss({ name: flow, observer, standby = false }: FlowContext, reason: unknown): void {
  if (!(reason instanceof UnavailableError) && !(reason instanceof FencedError && standby)) throw reason
  observer({ flow, type: 'notice', level: 'warn', code: reason.code, message: reason.message })
}

interface Surroundings extends Required<Leasing> {
  readonly candidate: Candidate
  readonly name: string
}

/** From taking the lease to losing it or giving it back. */
class Term {
  readonly #taken: Taken
  readonly #around: Surroundings
  readonly #context: FlowContext

  constructor(taken: Taken, around: Surroundings, context: FlowContext) {
    this.#taken = taken
    this.#around = around
    this.#context = context
  }

  async serve(work: (context: LeasedContext) => Promise<void>): Promise<End> {
    const { home, clock, candidate } = this.#around
    const { epoch, sinceTaken } = this.#taken
    const { name: flow, abort: aborted } = this.#context
    const tried = candidate.tried.bind(candidate)
    const { observer } = this.#context
    const lapsed = ({ code, message }: UnavailableError): void =>
      observer({ flow, type: 'notice', level: 'warn', code, message })
    const lease = new HeldLease({ flow, epoch, sinceTaken, leases: home.state.leases, clock, tried, lapsed })
    const abort = new AbortController()
    using _abort = link(abort, aborted, lease.lost)
    try {
      const end = await this.#begin(abort.signal)
      if (end === undefined) await work({ ...this.#context, abort: abort.signal, lease })
      return !aborted.aborted && lease.lost.aborted ? { kind: 'lost', reason: lease.lost.reason } : (end ?? OVER)
    } catch (error) {
      if (aborted.aborted) throw error
      if (lease.lost.aborted) return { kind: 'lost', reason: lease.lost.reason }
      if (error instanceof FencedError) return { kind: 'lost', reason: error }
      throw error
    } finally {
      await lease.end()
    }
  }

  /** `undefined`: everything is as it must be. */
  async #begin(abort: AbortSignal): Promise<End | undefined> {
    const { written, candidate, name } = this.#around
    const { epoch, since, from } = this.#taken
    const { name: flow, observer, drain } = this.#context
    try {
      const fence = await candidate.raise({ places: written, epoch, abort })
      if (fence > epoch) return { kind: 'behind', fence }
    } catch (error) {
      // Nothing was begun: there is nothing to finish.
      if (drain.aborted && error instanceof UnavailableError) return OVER
      throw error
    }
    observer({ flow, type: 'leading', lease: { holder: name, epoch, since }, from })
    return undefined
  }
}

const OVER: End = { kind: 'over' }
