import type { Bucket } from '../../core/table.js'
import type { LeasedContext } from '../../engine/lease/leased.js'
import { pause } from '../../engine/retry.js'
import type { KeyShare } from './key-share.js'
import type { Pair } from './pair.js'
import type { Found } from './repair.js'
import type { SyncSettings } from './settings.js'
import { type PairFound, verdictOfMany, verdictOfTwo } from './verdict.js'

export interface RoundsOptions {
  readonly settings: SyncSettings
  readonly pairs: readonly Pair[]
  readonly early: Early
  /** Runs a part of the flow: its failure ends all others. */
  part<Result>(work: Promise<Result>): Promise<Result>
  /** The keys that this process has; left out: all. */
  readonly share?: KeyShare | undefined
}

/** Somebody may ask for the next comparison before its time. */
export class Early {
  #call = new AbortController()

  call(): void {
    this.#call.abort()
  }

  /** Aborts with the next call. */
  next(): AbortSignal {
    if (this.#call.signal.aborted) this.#call = new AbortController()
    return this.#call.signal
  }
}

/**
 * Compares each side with each other one, one pair after the other, at the start and then at an interval. A pair of which
 * a side cannot be reached loses its turn: it goes on by itself when the side is back, and the others do not wait.
 */
export class Rounds {
  readonly #options: RoundsOptions
  readonly #context: LeasedContext
  /** Comparisons under way, the one whose turn it is and those that lost theirs. */
  readonly #going = new Map<Pair, Promise<void>>()
  readonly #found = new Map<Pair, PairFound>()
  #inRound = false

  constructor(options: RoundsOptions, context: LeasedContext) {
    this.#options = options
    this.#context = context
  }

  /** Resolves when drained, or when everything is on all sides and the caller asked for no more. */
  async run(): Promise<void> {
    const { settings, pairs, early, share } = this.#options
    const { drain, abort, observer, name: flow, untilCaughtUp } = this.#context
    const leaving = AbortSignal.any([drain, abort])
    let due = share === undefined || share.isNew
    while (!leaving.aborted) {
      const called = early.next()
      if (due) await this.#round(leaving)
      if (untilCaughtUp && !leaving.aborted) {
        await Promise.all(pairs.map((pair) => pair.caughtUp()))
        if (!leaving.aborted) observer({ flow, type: 'caught-up' })
        break
      }
      await pause(share?.restMs(settings.compareEveryMs) ?? settings.compareEveryMs, leaving, called)
      due = true
    }
    await Promise.all(this.#going.values())
  }

  async #round(leaving: AbortSignal): Promise<void> {
    const { pairs, share } = this.#options
    const due = share?.due()
    // Whoever waits for everything waits for every side.
    const patient = pairs.length === 1 || this.#context.untilCaughtUp
    this.#inRound = true
    for (const pair of pairs) {
      if (leaving.aborted) break
      const going = this.#going.get(pair) ?? this.#begin(pair, due?.within)
      await (patient ? going : lostTurn(going, pair.wellness.unwell))
    }
    this.#inRound = false
    if (due !== undefined && !leaving.aborted && this.#going.size === 0) share?.compared(due.lanes)
    this.#tell()
  }

  #begin(pair: Pair, within: readonly Bucket[] | undefined): Promise<void> {
    const going = this.#options.part(pair.compare(within)).then((found) => this.#end(pair, found))
    this.#going.set(pair, going)
    // It may lose its turn; its failure ends the flow all the same.
    going.catch(() => undefined)
    return going
  }

  #end(pair: Pair, found: Found | undefined): void {
    this.#going.delete(pair)
    if (found === undefined) return
    this.#found.set(pair, { ...found, places: pair.places, fresh: true })
    if (!this.#inRound) this.#tell()
  }

  #tell(): void {
    const { settings, pairs } = this.#options
    const sides = settings.sides.length
    const waiting = pairs.filter((pair) => this.#going.has(pair) || !this.#found.has(pair)).length
    const found = [...this.#found.values()]
    const [first] = found
    if (first === undefined || !found.some(({ fresh }) => fresh)) return
    const { places: _, fresh: __, ...only } = first
    const verdict =
      sides === 2
        ? verdictOfTwo(only, settings.conflict)
        : verdictOfMany(found, { sides, waiting, policy: settings.conflict })
    const { share } = this.#options
    const detail = share === undefined ? verdict.detail : `${share.text}: ${verdict.detail}`
    for (const [pair, last] of this.#found) this.#found.set(pair, { ...last, fresh: false })
    this.#context.observer({ flow: this.#context.name, type: 'verdict', ...verdict, detail })
  }
}

/** Resolves with the comparison, or as soon as a side cannot be reached. */
async function lostTurn(going: Promise<void>, unwell: AbortSignal): Promise<void> {
  if (unwell.aborted) return
  let lost = (): void => {}
  const away = new Promise<void>((resolve) => {
    lost = resolve
    unwell.addEventListener('abort', lost, { once: true })
  })
  try {
    await Promise.race([going, away])
  } finally {
    unwell.removeEventListener('abort', lost)
  }
}
