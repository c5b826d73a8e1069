import { ConfigError, DataError } from '../../../core/errors.js'
import { isIncrement } from '../increment.js'
import { Seen } from '../seen.js'
import { type FeedPlace, type FeedRow, feedRows } from './feed-rows.js'

export interface FeedDifference {
  readonly kind: 'added' | 'removed' | 'changed'
  /** JSON of the values of the key. */
  readonly key: string
  /** Of a changed row: the fields that differ. */
  readonly fields: readonly string[]
}

export interface FeedDiff {
  readonly rows: { readonly left: number; readonly right: number }
  readonly added: number
  readonly removed: number
  readonly changed: number
}

export interface DiffOptions {
  /** Fields that tell a row from all others; default what the manifests say. */
  readonly key?: readonly string[]
  readonly signal: AbortSignal
  /** Called with each difference, as it is found. */
  difference?(difference: FeedDifference): void
}

/**
 * What changed from one feed to another. Both are read once, side by side, in flat memory: as their rows are in one order,
 * whatever it is, all that was read before a row that both have, and that only one had, the other never has.
 */
export async function diffFeeds(left: FeedPlace, right: FeedPlace, options: DiffOptions): Promise<FeedDiff> {
  const key = keyOf(left, right, options.key)
  const walk = new Walk(options)
  const { signal } = options
  const sides = [
    { side: walk.left, other: walk.right, rows: feedRows(left, key, signal), over: false },
    { side: walk.right, other: walk.left, rows: feedRows(right, key, signal), over: false },
  ]
  try {
    while (sides.some(({ over }) => !over)) {
      // The one that is behind, so that little waits.
      const open = sides.filter(({ over }) => !over)
      const next = open.reduce((behind, each) => (each.side.count < behind.side.count ? each : behind))
      const { value, done } = await next.rows.next()
      if (done === true) next.over = true
      else for (const row of value) walk.take(row, next.side, next.other)
    }
  } finally {
    for (const { rows } of sides) await rows.return(undefined)
  }
  return walk.end()
}

function keyOf(left: FeedPlace, right: FeedPlace, asked: readonly string[] | undefined): readonly string[] {
  if ([left, right].some(({ manifest }) => isIncrement(manifest))) throw incremental()
  const key = asked ?? right.manifest.key ?? left.manifest.key
  if (key !== undefined && key.length > 0) return key
  throw new ConfigError({
    code: 'feed-key',
    key: '--key',
    message: 'the manifests do not say which fields tell a row from all others, as map has made the rows',
    fix: 'name them: --key entity_id',
  })
}

function incremental(): ConfigError {
  return new ConfigError({
    code: 'feed-incremental',
    key: 'feed diff',
    message: 'a feed of a flow with `since` has only what was new then, and is its own difference',
    fix: 'name two feeds that have all rows: those whose manifests say incremental.from: null',
  })
}

interface Side {
  readonly kind: 'added' | 'removed'
  count: number
  /** Rows that the other side has not had yet, in their order. */
  readonly waiting: Map<string, FeedRow>
  /** Keys that were said to be on this side only. */
  readonly said: Seen
}

/** So many rows that stand together on one side only are held. */
const MOST_WAITING = 200_000

class Walk {
  readonly left: Side = { kind: 'removed', count: 0, waiting: new Map(), said: new Seen() }
  readonly right: Side = { kind: 'added', count: 0, waiting: new Map(), said: new Seen() }
  readonly #options: DiffOptions
  readonly #counts = { added: 0, removed: 0, changed: 0 }

  constructor(options: DiffOptions) {
    this.#options = options
  }

  take(row: FeedRow, side: Side, other: Side): void {
    side.count += 1
    const same = other.waiting.get(row.key)
    if (same === undefined) {
      if (side.waiting.has(row.key) || other.said.has(row.key)) throw outOfOrder()
      side.waiting.set(row.key, row)
      if (side.waiting.size > MOST_WAITING && other.waiting.size > MOST_WAITING) throw tooDifferent()
      return
    }
    this.#passed(other, row.key)
    this.#passed(side, undefined)
    if (same.text !== row.text) this.#changed(row.key, same.fields, row.fields)
  }

  end(): FeedDiff {
    this.#passed(this.left, undefined)
    this.#passed(this.right, undefined)
    return { rows: { left: this.left.count, right: this.right.count }, ...this.#counts }
  }

  /** What waits up to the key, which both have, is only here. */
  #passed(side: Side, until: string | undefined): void {
    for (const key of side.waiting.keys()) {
      side.waiting.delete(key)
      if (key === until) return
      side.said.add(key)
      this.#tell({ kind: side.kind, key, fields: [] })
    }
  }

  #changed(key: string, before: FeedRow['fields'], after: FeedRow['fields']): void {
    const names = new Set([...Object.keys(before), ...Object.keys(after)])
    const fields = [...names].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    // `1.0` and `1` are one number.
    if (fields.length > 0) this.#tell({ kind: 'changed', key, fields })
  }

  #tell(difference: FeedDifference): void {
    this.#counts[difference.kind] += 1
    this.#options.difference?.(difference)
  }
}

function outOfOrder(): DataError {
  const message =
    'the rows of the two feeds are not in the same order, or a key is there twice, so they cannot be compared in one pass; name the fields that tell a row from all others with --key, or compare tables with check.tables'
  return new DataError('feed-order', message)
}

function tooDifferent(): DataError {
  const message = `more than ${MOST_WAITING} rows in a row are in one of the feeds only: these are two different feeds, or --key names the wrong fields`
  return new DataError('feed-too-different', message)
}
