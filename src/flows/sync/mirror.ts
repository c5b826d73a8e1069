import { UnavailableError } from '../../core/errors.js'
import type { FlowContext } from '../../core/flow.js'
import { link } from '../../engine/link.js'
import { pause } from '../../engine/retry.js'
import { Direction, type DirectionOptions, type End } from './direction.js'
import { openSides, type Sides } from './open-sides.js'
import { reconcile } from './repair.js'
import { ruleOf, type SyncSettings } from './settings.js'

/**
 * Runs a sync: two directions side by side, and a comparison that repairs, at the start (once both sides have noted
 * where they stand, so that nothing falls between) and then at an interval.
 */
export async function mirror(settings: SyncSettings, context: FlowContext): Promise<void> {
  const early = new Early()
  const sides = await openSides(settings, context, 'mirror').catch((error: unknown) => {
    // Nothing was begun: there is nothing to finish.
    if (context.drain.aborted && error instanceof UnavailableError) return undefined
    throw error
  })
  if (sides === undefined) return
  const ways = waysOf(settings, sides, () => early.call())
  await using toRight = new Direction(ways.toRight, context)
  await using toLeft = new Direction(ways.toLeft, context)
  const directions = [toRight, toLeft]

  // What ends one part ends all: a drain by letting each finish, an error at once.
  const drain = new AbortController()
  const abort = new AbortController()
  using _drain = link(drain, context.drain)
  using _abort = link(abort, context.abort)
  const inner: FlowContext = { ...context, drain: drain.signal, abort: abort.signal }
  const part = async (work: Promise<void>): Promise<void> => {
    try {
      await work
    } catch (error) {
      abort.abort(error)
      throw error
    }
  }
  const results = await Promise.allSettled([
    ...directions.map((direction) => part(direction.run(inner))),
    part(
      comparisons({ ...settings, left: ways.toRight.from, right: ways.toRight.to, early }, directions, inner).then(() =>
        drain.abort(),
      ),
    ),
  ])
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

function waysOf(
  settings: SyncSettings,
  sides: Sides,
  uncertain: () => void,
): Readonly<Record<'toRight' | 'toLeft', DirectionOptions>> {
  const left: End = { table: sides.left.table, database: settings.left.database }
  const right: End = { table: sides.right.table, database: settings.right.database }
  const empty = { left: sides.left.empty, right: sides.right.empty }
  return {
    toRight: {
      from: left,
      to: right,
      rule: ruleOf(settings.conflict, 'right'),
      mark: '>',
      fill: empty.right && !empty.left,
      uncertain,
    },
    toLeft: {
      from: right,
      to: left,
      rule: ruleOf(settings.conflict, 'left'),
      mark: '<',
      fill: empty.left && !empty.right,
      uncertain,
    },
  }
}

type Comparisons = Omit<SyncSettings, 'left' | 'right'> & {
  readonly left: End
  readonly right: End
  readonly early: Early
}

/** Somebody may ask for the next comparison before its time. */
class Early {
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

/** Resolves when drained, or when everything is on both sides and the caller asked for no more. */
async function comparisons(
  settings: Comparisons,
  directions: readonly Direction[],
  context: FlowContext,
): Promise<void> {
  const { drain, abort, observer, name: flow } = context
  const leaving = AbortSignal.any([drain, abort])
  await Promise.all(directions.map((direction) => direction.changes.started(leaving)))
  // A comparison with an empty side would find every row, one by one; they come faster as changes.
  await Promise.all(directions.filter(({ fill }) => fill).map(({ changes }) => changes.caughtUp(leaving)))
  while (!leaving.aborted) {
    const called = settings.early.next()
    const complete = await reconcile({ left: settings.left, right: settings.right, policy: settings.conflict }, context)
    if (context.untilCaughtUp && complete) {
      await Promise.all(directions.map((direction) => direction.changes.caughtUp(leaving)))
      if (!leaving.aborted) observer({ flow, type: 'caught-up' })
      return
    }
    await pause(settings.compareEveryMs, leaving, called)
  }
}
