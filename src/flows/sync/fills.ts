import type { ChangeSource } from '../../core/mirror.js'
import type { Places } from './settings.js'
import type { Wellness } from './wellness.js'

/** An empty side that gets all rows of another as changes, as they come faster so than by a comparison. */
interface Fill {
  /** The place of the side that they come from. */
  readonly from: number
  readonly changes: ChangeSource
  readonly wellness: Wellness
}

/** The fills of a sync: each empty side is filled by one other, as the rest would only bring the same rows again. */
export class Fills {
  readonly #fills = new Map<number, Fill>()
  readonly #complete = new Set<Fill>()

  /** `to`: the place of a side. */
  has(to: number): boolean {
    return this.#fills.has(to)
  }

  begin(to: number, fill: Fill): void {
    this.#fills.set(to, fill)
  }

  /**
   * Resolves when both sides are filled: a comparison with an empty one would find every row, one by one. It does not
   * wait for a third side that cannot be reached.
   */
  async complete({ left, right }: Places, leaving: AbortSignal): Promise<void> {
    for (const to of [left, right]) {
      const fill = this.#fills.get(to)
      if (fill === undefined || this.#complete.has(fill)) continue
      const ours = fill.from === left || fill.from === right
      await fill.changes.caughtUp(ours ? leaving : AbortSignal.any([leaving, fill.wellness.unwell]))
      if (!leaving.aborted) this.#complete.add(fill)
    }
  }
}
