import { UnavailableError } from '../../core/errors.js'
import type { Bucket } from '../../core/table.js'
import type { LeasedContext } from '../../engine/lease/leased.js'
import { Direction, type End } from './direction.js'
import type { DirectionName } from './direction-name.js'
import type { Fills } from './fills.js'
import type { KeyShare } from './key-share.js'
import { assertPair, type Side } from './open-sides.js'
import { type Found, reconcile } from './repair.js'
import { type PairPolicy, type Places, policyOf, ruleOf, type SyncSettings } from './settings.js'
import { Wellness } from './wellness.js'

export interface PairOptions {
  readonly settings: SyncSettings
  readonly places: Places
  readonly fills: Fills
  /** Runs a part of the flow: its failure ends all others. */
  part<Result>(work: Promise<Result>): Promise<Result>
  /** Rows may have been passed over: compare. */
  uncertain(): void
  /** The keys that this process has; left out: all. */
  readonly share?: KeyShare | undefined
}

interface Opened {
  readonly left: End
  readonly right: End
  readonly directions: readonly [Direction, Direction]
}

/**
 * Two sides of a sync: a direction each way, and their comparison. It has connections, positions and bounds of its own, so
 * that what holds it up holds up no other pair.
 */
export class Pair {
  readonly places: Places
  readonly policy: PairPolicy
  readonly wellness = new Wellness()
  readonly #options: PairOptions
  readonly #context: LeasedContext
  readonly #leaving: AbortSignal
  readonly #opened: Promise<Opened | undefined>
  #open: (opened: Opened | undefined) => void = () => {}

  constructor(options: PairOptions, context: LeasedContext) {
    this.#options = options
    this.#context = context
    this.#leaving = AbortSignal.any([context.drain, context.abort])
    this.places = options.places
    this.policy = policyOf(options.settings.conflict, options.places)
    this.#opened = new Promise((resolve) => {
      this.#open = resolve
    })
  }

  /** Runs both directions, once both sides are open, until drained or aborted. */
  async run(sides: Promise<readonly [Side, Side]>): Promise<void> {
    try {
      const opened = await sides.catch((error: unknown) => {
        // Nothing was begun: there is nothing to finish.
        if (this.#context.drain.aborted && error instanceof UnavailableError) return undefined
        throw error
      })
      if (opened !== undefined) await this.#run(opened)
    } finally {
      this.#open(undefined)
    }
  }

  /**
   * Compares the two and repairs; the first time once both have noted where they stand, so that nothing falls between.
   * `undefined` when it was interrupted. `within`: only these keys; default all.
   */
  async compare(within?: readonly Bucket[]): Promise<Found | undefined> {
    const opened = await this.#opened
    if (opened === undefined) return undefined
    const { left, right, directions } = opened
    const leaving = this.#leaving
    await Promise.all(directions.map(({ changes }) => changes.started(leaving)))
    await this.#options.fills.complete(this.places, leaving)
    // Lanes that were handed over in mid-fill are filled on by changes: a comparison would bring each row by itself.
    if (this.#options.share?.isNew) await this.caughtUp()
    if (leaving.aborted) return undefined
    const observer = this.wellness.watching('comparison', this.#context.observer)
    return reconcile({ left, right, policy: this.policy, within }, { ...this.#context, observer })
  }

  /** Resolves once everything committed before the call is on the other side, or when leaving. */
  async caughtUp(): Promise<void> {
    const directions = (await this.#opened)?.directions ?? []
    await Promise.all(directions.map(({ changes }) => changes.caughtUp(this.#leaving)))
  }

  async #run([left, right]: readonly [Side, Side]): Promise<void> {
    assertPair(left, right, this.#context.name)
    await using toRight = this.#direction(left, right, 'right')
    await using toLeft = this.#direction(right, left, 'left')
    this.#open({ left, right, directions: [toRight, toLeft] })
    const runs = [toRight, toLeft].map((direction) => this.#options.part(direction.run(this.#context)))
    for (const result of await Promise.allSettled(runs)) if (result.status === 'rejected') throw result.reason
  }

  #direction(from: Side, to: Side, side: 'left' | 'right'): Direction {
    const { settings, places, fills, uncertain } = this.#options
    const name = directionTo(side, places, settings.sides.length)
    const fill = to.empty && !from.empty && !fills.has(name.to)
    const observer = this.wellness.watching(side, this.#context.observer)
    const direction = new Direction(
      { from, to, rule: ruleOf(this.policy, side), fill, uncertain, name, lanes: this.#options.share?.lanes },
      { ...this.#context, observer },
    )
    if (fill) fills.begin(name.to, { from: name.from, changes: direction.changes, wellness: this.wellness })
    return direction
  }
}

function directionTo(side: 'left' | 'right', { left, right }: Places, of: number): DirectionName {
  return side === 'right' ? { from: left, to: right, of } : { from: right, to: left, of }
}
