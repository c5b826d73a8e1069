import type { Batch, Checkpoints, Lane, Position } from '../../../src/core/batch.js'
import type { Message } from '../../../src/core/message.js'
import type { Stream, StreamOptions } from '../../../src/core/stream.js'

export const OPTIONS = {
  flow: 'test',
  batch: { items: 3, bytes: 1024 * 1024, waitMs: 20 },
  lanes: 2,
  notice() {},
} satisfies StreamOptions

export interface ReadThrough {
  readonly batches: readonly Batch<Message>[]
  readonly bodies: readonly string[]
  readonly ids: readonly string[]
  /** After all of it. */
  readonly checkpoints: Checkpoints
  /** What the iteration threw. */
  readonly error: unknown
}

/** Reads a finite stream to its end. */
export async function readThrough(
  stream: Stream,
  from: Checkpoints = new Map(),
  options: StreamOptions = OPTIONS,
): Promise<ReadThrough> {
  const batches: Batch<Message>[] = []
  const checkpoints = new Map<Lane, Position>(from)
  let error: unknown
  try {
    for await (const batch of stream.source(options).read(from, new AbortController().signal)) {
      batches.push(batch)
      if (batch.position !== undefined) checkpoints.set(batch.lane, batch.position)
    }
  } catch (thrown) {
    error = thrown
  }
  const messages = batches.flatMap(({ items }) => [...items])
  return {
    batches,
    bodies: messages.map(({ body }) => Buffer.from(body).toString()),
    ids: messages.map(({ id }) => id),
    checkpoints,
    error,
  }
}
