import type { Batch, Checkpoints } from '../core/batch.js'
import type { Source } from '../core/source.js'
import { deadline } from './deadline.js'
import type { Lanes } from './lane.js'

export interface Pump<Item> {
  readonly source: Source<Item>
  readonly from: Checkpoints
  readonly lanes: Lanes<Item>
  /** No batch is asked for once this has aborted. */
  readonly reading: AbortSignal
  /** Ends the wait for the iteration to end. */
  readonly abort: AbortSignal
  readonly closeDeadlineMs: number
  /** Called once the first batch has been asked for. */
  asked(): void
  /** Called with each batch that came, before it goes to its lane. */
  came(): void
}

/** `stuck`: the iteration did not end although its signal had aborted. */
export type Pumped = 'exhausted' | 'left' | 'stuck'

/** Moves batches from the source to the lanes, as fast as the lanes have room. Throws what the source throws. */
export async function pump<Item>(line: Pump<Item>): Promise<Pumped> {
  const { lanes, reading } = line
  const iterator = line.source.read(line.from, reading)[Symbol.asyncIterator]()
  let pending: Promise<IteratorResult<Batch<Item>>> | undefined
  for (;;) {
    await lanes.room()
    if (reading.aborted) return close(line, iterator, pending)
    pending = iterator.next()
    line.asked()
    const next = await unlessAborted(pending, reading)
    // What comes after the signal is left unacknowledged, and so is read again.
    if (next === undefined) return close(line, iterator, pending)
    if (next.done) return 'exhausted'
    line.came()
    await lanes.put(next.value)
  }
}

async function close<Item>(
  line: Pump<Item>,
  iterator: AsyncIterator<Batch<Item>>,
  pending: Promise<unknown> | undefined,
): Promise<Pumped> {
  const limit = { what: 'the source to end its iteration', ms: line.closeDeadlineMs, signal: line.abort }
  try {
    await deadline(limit, async () => {
      // Whatever goes wrong while leaving changes nothing: what was not acknowledged is read again.
      await pending?.catch(() => undefined)
      await iterator.return?.().catch(() => undefined)
    })
    return 'left'
  } catch {
    return 'stuck'
  }
}

/** The result, or `undefined` once the signal aborts. The promise is then left to its own. */
async function unlessAborted<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result | undefined> {
  return new Promise((resolve, reject) => {
    const onAbort = () => resolve(undefined)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(
      (result) => {
        signal.removeEventListener('abort', onAbort)
        resolve(result)
      },
      (error: unknown) => {
        signal.removeEventListener('abort', onAbort)
        reject(error)
      },
    )
  })
}
