import type { CheckpointStore } from '../../core/checkpoint.js'
import type { DeadLetterSink } from '../../core/dead-letter.js'
import type { Sink } from '../../core/sink.js'
import type { WriteRight } from './held-lease.js'

/** A sink that writes under a lease: nothing once it is lost, and each transaction with its epoch. */
export function fencedSink<Item>(sink: Sink<Item>, lease: WriteRight | undefined): Sink<Item> {
  if (lease === undefined) return sink
  const { checkpoints } = sink
  return {
    ...(checkpoints && { checkpoints }),
    async write(batch, context) {
      lease.check()
      const { epoch, fences } = lease
      await sink.write(batch, { ...context, epoch, ...(fences && { fences }) })
    },
    ...(sink.probe && { probe: (items, context) => sink.probe?.(items, context) ?? Promise.resolve() }),
    [Symbol.asyncDispose]: () => sink[Symbol.asyncDispose](),
  }
}

/**
 * Positions of a flow whose sink keeps none: each is saved with the epoch, and only if that still stands. What was written
 * may be noted also while the lease has lapsed, so that less is written again.
 */
export function fencedCheckpoints(checkpoints: CheckpointStore, lease: WriteRight | undefined): CheckpointStore {
  if (lease === undefined) return checkpoints
  return {
    load: (flow) => checkpoints.load(flow),
    save: (move) => checkpoints.save({ ...move, epoch: lease.epoch }),
    reset: (flow) => checkpoints.reset(flow),
  }
}

/** Letters are no rows, so they have no fence, but are stored by whoever has the lease only. */
export function leasedLetters(letters: DeadLetterSink, lease: WriteRight | undefined): DeadLetterSink {
  if (lease === undefined) return letters
  return {
    label: letters.label,
    async store(items) {
      lease.check()
      await letters.store(items)
    },
  }
}
