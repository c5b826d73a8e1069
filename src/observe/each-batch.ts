import type { BatchEvent } from '../core/observer.js'

/** How many batches an event stands for. */
export const batchesIn = ({ each }: BatchEvent): number => each?.count ?? 1

/** Calls `take` once per batch that the event stands for. */
export function eachBatch(
  event: BatchEvent,
  take: (items: number, durationMs: number, lagMs: number | undefined) => void,
): void {
  const { each } = event
  if (each === undefined) {
    take(event.items, event.durationMs, event.lagMs)
    return
  }
  const { count, figures } = each
  for (let at = 0; at < 3 * count; at += 3)
    take(figures[at] ?? 0, figures[at + 1] ?? 0, knownLag(figures[at + 2] ?? -1))
}

/** Of the last batch that the event stands for. */
export function lastLagOf({ each, lagMs }: BatchEvent): number | undefined {
  return each === undefined ? lagMs : knownLag(each.figures[3 * each.count - 1] ?? -1)
}

function knownLag(lagMs: number): number | undefined {
  return lagMs < 0 ? undefined : lagMs
}
