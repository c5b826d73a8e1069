import type { Batch, Checkpoints, Items } from '../core/batch.js'
import { ConfigError, UnavailableError } from '../core/errors.js'
import type { Sink, WriteContext } from '../core/sink.js'
import type { Source } from '../core/source.js'

/**
 * Rights that are missing at the start are a mistake in the set-up, and stop the flow. Rights that are taken away while
 * it runs are an outage, as a changed password is: it waits, and goes on once they are granted again.
 */
function outage(error: unknown): unknown {
  if (!(error instanceof ConfigError) || error.code !== 'permission-denied') return error
  return new UnavailableError(error.code, error.message, { cause: error })
}

/** A source that, once a batch came, waits for rights that were taken away. `had`: it has had them already. */
export function patientSource<Item>(source: Source<Item>, had = false): Source<Item> {
  let works = had
  return {
    async *read(from: Checkpoints, signal: AbortSignal): AsyncGenerator<Batch<Item>> {
      try {
        for await (const batch of source.read(from, signal)) {
          works = true
          yield batch
        }
      } catch (error) {
        throw works ? outage(error) : error
      }
    },
    acknowledge: (batch) => source.acknowledge(batch),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  }
}

/** A sink that, once it stored a batch, waits for rights that were taken away. `had`: it has had them already. */
export function patientSink<Item>(sink: Sink<Item>, had = false): Sink<Item> {
  let works = had
  const patient = async (work: Promise<void> | undefined): Promise<void> => {
    try {
      await work
      works = true
    } catch (error) {
      throw works ? outage(error) : error
    }
  }
  return {
    ...(sink.checkpoints === undefined ? {} : { checkpoints: sink.checkpoints }),
    write: (batch: Batch<Item>, context: WriteContext) => patient(sink.write(batch, context)),
    probe: (items: Items<Item>, context: WriteContext) => patient(sink.probe?.(items, context)),
    [Symbol.asyncDispose]: () => sink[Symbol.asyncDispose](),
  }
}
