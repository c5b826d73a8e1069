import type { LeasedContext } from '../../engine/lease/leased.js'
import { link } from '../../engine/link.js'
import { Fills } from './fills.js'
import type { KeyShare } from './key-share.js'
import { inOrder, openSide, type Side } from './open-sides.js'
import { Pair } from './pair.js'
import { Early, Rounds } from './rounds.js'
import { pairsOf, type SyncSettings } from './settings.js'

/**
 * Runs a sync: for each two sides two directions side by side, and comparisons that repair, at the start (once both have
 * noted where they stand, so that nothing falls between) and then at an interval. `share`: of these keys only.
 */
export async function mirror(settings: SyncSettings, context: LeasedContext, share?: KeyShare): Promise<void> {
  // What ends one part ends all: a drain by letting each finish, an error at once.
  const drain = new AbortController()
  const abort = new AbortController()
  using _drain = link(drain, context.drain)
  using _abort = link(abort, context.abort)
  const inner: LeasedContext = { ...context, drain: drain.signal, abort: abort.signal }
  const part = async <Result>(work: Promise<Result>): Promise<Result> => {
    try {
      return await work
    } catch (error) {
      abort.abort(error)
      throw error
    }
  }
  const early = new Early()
  const uncertain = (): void => {
    share?.doubt()
    early.call()
  }
  const shared = { settings, fills: new Fills(), part, uncertain, share }
  const pairs = pairsOf(settings.sides.length).map((places) => new Pair({ ...shared, places }, inner))
  const sides = openEach({ settings, pairs, share }, inner)
  const rounds = new Rounds({ settings, pairs, early, part, share }, inner)
  const results = await Promise.allSettled([
    ...pairs.map((pair) => part(pair.run(bothOf(pair, sides)))),
    part(rounds.run().then(() => drain.abort())),
  ])
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

interface Parts {
  readonly settings: SyncSettings
  readonly pairs: readonly Pair[]
  readonly share: KeyShare | undefined
}

/** Opens each side by itself: one that is away keeps only its own pairs waiting. */
function openEach({ settings: { sides }, pairs, share }: Parts, context: LeasedContext): readonly Promise<Side>[] {
  const within = share?.lanes.map(({ bucket }) => bucket)
  return sides.map((ref, place) => {
    const concerned = pairs.filter(({ places }) => places.left === place || places.right === place)
    const observer = concerned.reduce((next, pair) => pair.wellness.watching(`side ${place}`, next), context.observer)
    const side = openSide(ref, { ...context, observer }, { use: 'mirror', within })
    return sides.length === 2 ? side : side.then((opened) => inOrder(opened, columnsOf(opened).toSorted()))
  })
}

function columnsOf({ table }: Side): readonly string[] {
  return table.schema.columns.map(({ name }) => name)
}

/** Both with their columns in one order: of two sides the left one's, of more the order of names, as any may be away. */
async function bothOf({ places }: Pair, sides: readonly Promise<Side>[]): Promise<readonly [Side, Side]> {
  const [left, right] = await Promise.all([sides[places.left], sides[places.right]])
  if (left === undefined || right === undefined) throw new RangeError('a side that is not there')
  return [left, sides.length === 2 ? inOrder(right, columnsOf(left)) : right]
}
