import type { Batch, Items } from '../core/batch.js'
import type { Source } from '../core/source.js'

/**
 * A source whose items are made from another's, a batch at a time. `map` may answer any number of items, also none; lane,
 * position and moment stay, and it is the original batch that is acknowledged. What `map` throws ends the iteration.
 */
export function map<From, To>(
  source: Source<From>,
  map: (items: Items<From>, batch: Batch<From>) => Items<To> | Promise<Items<To>>,
): Source<To> {
  const originals = new WeakMap<Batch<To>, Batch<From>>()

  async function* read(...[from, signal]: Parameters<Source<To>['read']>): AsyncGenerator<Batch<To>> {
    for await (const original of source.read(from, signal)) {
      const { lane, position, unseenAt } = original
      const items = await map(original.items, original)
      const mapped = { lane, position, items, ...(unseenAt === undefined ? {} : { unseenAt }) }
      originals.set(mapped, original)
      yield mapped
    }
  }

  const { caughtUp } = source
  return {
    read,
    async acknowledge(batch) {
      const original = originals.get(batch)
      if (original === undefined) throw new Error(`a batch of lane ${batch.lane} was acknowledged that was never read`)
      await source.acknowledge(original)
    },
    ...(caughtUp === undefined ? {} : { caughtUp: (signal: AbortSignal) => caughtUp.call(source, signal) }),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  }
}
