import { DataError } from '../../core/errors.js'

/** What one statement writes, as far as the search for the rows that it refuses must know. */
export interface Step {
  /** For each row the index of the item it came from. */
  readonly items: readonly number[]
  /** Writes the rows at these places, in ascending order, in the open transaction. Throws `DataError` when one is refused. */
  write(places: readonly number[]): Promise<void>
}

/** Runs `work` in a savepoint: what it did is undone when it throws. */
export type Savepoint = (work: () => Promise<void>) => Promise<void>

/**
 * Finds the items of a refused batch whose rows are the cause, by writing the steps again within a transaction that the
 * caller undoes: by halves down to single rows, each try in a savepoint. What is accepted stays, so a child is not blamed
 * for a parent that came in another half; nor, as all rows of a parent table are written first, for one that came later.
 * Ends early once most items are found to be bad. Answers why each is refused; empty when nothing was refused this time.
 */
export async function refusedItems(
  steps: readonly Step[],
  savepoint: Savepoint,
): Promise<ReadonlyMap<number, DataError>> {
  const refused = new Map<number, DataError>()
  const most = new Set(steps.flatMap(({ items }) => items)).size / 2

  async function look({ items, write }: Step, places: readonly number[]): Promise<void> {
    if (places.length === 0 || refused.size > most) return
    const error = await refusal(() => savepoint(() => write(places)))
    if (error === undefined) return
    if (places.length === 1) {
      for (const place of places) refused.set(items[place] ?? 0, error)
      return
    }
    const middle = places.length >> 1
    await look({ items, write }, places.slice(0, middle))
    await look({ items, write }, places.slice(middle))
  }

  for (const step of steps) await look(step, [...step.items.keys()])
  return refused
}

/** As one error: it names the items that are refused for the same reason as the first. The others show at the next try. */
export function namedRefusal(refused: ReadonlyMap<number, DataError>): DataError | undefined {
  const first = [...refused].toSorted(([one], [other]) => one - other)[0]?.[1]
  if (first === undefined) return undefined
  const bad = [...refused].filter(([, { code }]) => code === first.code).map(([item]) => item)
  return new DataError(first.code, first.message, {
    cause: first.cause,
    bad: bad.toSorted((one, other) => one - other),
  })
}

async function refusal(work: () => Promise<void>): Promise<DataError | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    if (error instanceof DataError) return error
    throw error
  }
}
