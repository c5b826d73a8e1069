import type { Checkpoints, Lane, Position } from '../../../src/core/batch.js'
import type { Message } from '../../../src/core/message.js'
import type { Source } from '../../../src/core/source.js'
import { BATCH_LIMITS, type StreamOptions } from '../../../src/core/stream.js'

export function streamOptions(options: Partial<StreamOptions> = {}): StreamOptions {
  return { flow: 'flow', batch: BATCH_LIMITS, lanes: 4, notice: () => undefined, ...options }
}

export interface Taken {
  readonly messages: readonly Message[]
  readonly positions: Checkpoints
}

/** Reads and acknowledges until `enough` says so. */
export async function take(
  source: Source<Message>,
  from: Checkpoints,
  enough: (taken: Taken) => boolean,
): Promise<Taken> {
  const stop = new AbortController()
  const messages: Message[] = []
  const positions = new Map<Lane, Position>(from)
  for await (const batch of source.read(from, stop.signal)) {
    messages.push(...batch.items)
    if (batch.position !== undefined) positions.set(batch.lane, batch.position)
    await source.acknowledge(batch)
    if (enough({ messages, positions })) break
  }
  stop.abort()
  return { messages, positions }
}
