import { graphileQueue } from '../adapters/graphile/queue.js'
import type { Distribute, RangeQueue } from '../core/distribute.js'
import type { Flow } from '../core/flow.js'

/** What the ranges of a flow go through; `undefined`: it is not distributed. Whoever asked for it closes it. */
export function openQueue({ distribute }: Flow): RangeQueue | undefined {
  return distribute === undefined ? undefined : queueOf(distribute)
}

export function queueOf({ postgres }: Distribute): RangeQueue {
  return graphileQueue(postgres)
}
