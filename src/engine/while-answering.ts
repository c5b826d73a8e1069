import type { Database } from '../core/database.js'
import { Watch, type WatchOptions } from './watch.js'

export interface Watched {
  /** Asked now and then, over connections of their own, whether they still answer. Default none. */
  readonly databases?: readonly Database[] | undefined
  readonly watch?: WatchOptions | undefined
}

/**
 * Does the work as long as the databases answer. Reading a large table may take hours, so its statements have no deadline
 * that would tell a server that is frozen, or whose link is dead. Throws an `UnavailableError` when one is taken for lost.
 */
export async function whileAnswering<Result>(
  { databases = [], watch }: Watched,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  await using watching = new Watch(databases, watch)
  const { lost } = watching
  try {
    const result = await work(AbortSignal.any([signal, lost]))
    lost.throwIfAborted()
    return result
  } catch (error) {
    throw lost.aborted && !signal.aborted ? lost.reason : error
  }
}
