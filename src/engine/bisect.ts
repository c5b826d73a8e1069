import type { Items } from '../core/batch.js'
import { DataError } from '../core/errors.js'

export interface BadItem<Item> {
  readonly index: number
  readonly item: Item
  readonly error: DataError
}

export interface Bisection<Item> {
  readonly items: Items<Item>
  /** Why the items as a whole were refused. */
  readonly error: DataError
  /** As `Sink.probe`: resolves when the items would be stored, throws a `DataError` when they would not. */
  readonly probe: (items: Items<Item>) => Promise<void>
  /** The search ends once more than this many are found. */
  readonly maxBad: number
}

/**
 * Finds the items that are refused, by halves: one bad item in 1,000 costs 20 probes. Both halves are probed even when
 * the first is good, as the bad one may be bad only in company. Errors that name their bad items shorten the search.
 * The answer is in order of index; it is empty when every half is accepted although the whole was not.
 */
export async function bisect<Item>(search: Bisection<Item>): Promise<readonly BadItem<Item>[]> {
  const bad = new Map<number, DataError>()
  const all = [...search.items]

  async function look(indexes: readonly number[], error: DataError | undefined): Promise<void> {
    if (error === undefined || bad.size > search.maxBad) return
    const named = namedBy(error, indexes)
    if (named.size > 0) {
      for (const index of named) bad.set(index, error)
      const rest = indexes.filter((index) => !named.has(index))
      if (rest.length > 0 && bad.size <= search.maxBad) await look(rest, await ask(rest))
      return
    }
    const [only] = indexes
    if (only !== undefined && indexes.length === 1) {
      bad.set(only, error)
      return
    }
    const middle = indexes.length >> 1
    for (const half of [indexes.slice(0, middle), indexes.slice(middle)]) {
      if (half.length > 0 && bad.size <= search.maxBad) await look(half, await ask(half))
    }
  }

  async function ask(indexes: readonly number[]): Promise<DataError | undefined> {
    try {
      await search.probe(pick(search.items, indexes))
      return undefined
    } catch (error) {
      if (error instanceof DataError) return error
      throw error
    }
  }

  await look([...all.keys()], search.error)
  return all.flatMap((item, index) => {
    const error = bad.get(index)
    return error === undefined ? [] : [{ index, item, error }]
  })
}

/** The items at `indexes` (ascending), as a slice when they lie side by side: columnar items then stay columnar. */
export function pick<Item>(items: Items<Item>, indexes: readonly number[]): Items<Item> {
  const first = indexes[0] ?? 0
  const last = indexes[indexes.length - 1] ?? -1
  if (last - first + 1 === indexes.length) return items.slice(first, last + 1)
  const wanted = new Set(indexes)
  return [...items].filter((_, index) => wanted.has(index))
}

function namedBy(error: DataError, indexes: readonly number[]): ReadonlySet<number> {
  return new Set((error.bad ?? []).flatMap((at) => indexes[at] ?? []))
}
