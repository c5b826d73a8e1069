import type { Batch } from '../../core/batch.js'
import { DataError } from '../../core/errors.js'
import type { Message, OutgoingMessage } from '../../core/message.js'
import type { Sink, WriteContext } from '../../core/sink.js'
import type { MessageWriter } from '../../core/stream.js'
import type { RelaySettings } from './options.js'
import { outgoing } from './outgoing.js'

interface Prepared {
  readonly messages: readonly OutgoingMessage[]
  /** Where each of them is in the batch. */
  readonly places: readonly number[]
  readonly skipped: number
}

/** Writes messages to a target, which keeps no positions: the engine saves them afterwards. */
export class RelaySink implements Sink<Message> {
  readonly #writer: MessageWriter
  readonly #settings: RelaySettings
  readonly #skipped: (lane: string, count: number) => void

  constructor(writer: MessageWriter, settings: RelaySettings, skipped: (lane: string, count: number) => void) {
    this.#writer = writer
    this.#settings = settings
    this.#skipped = skipped
  }

  async write({ lane, items }: Batch<Message>, { attempt, signal }: WriteContext): Promise<void> {
    const { messages, places, skipped } = this.#prepare(items)
    try {
      if (messages.length > 0) await this.#writer.write(messages, signal)
    } catch (error) {
      if (!(error instanceof DataError) || error.bad === undefined) throw error
      const bad = error.bad.flatMap((index) => places[index] ?? [])
      throw new DataError(error.code, error.message, { cause: error, bad })
    }
    if (skipped > 0 && attempt === 1) this.#skipped(lane, skipped)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer[Symbol.asyncDispose]()
  }

  #prepare(items: Iterable<Message>): Prepared {
    const { filter } = this.#settings
    const messages: OutgoingMessage[] = []
    const places: number[] = []
    const failures: { readonly index: number; readonly cause: unknown }[] = []
    let skipped = 0
    let index = 0
    for (const message of items) {
      try {
        if (filter?.(message) === false) {
          skipped++
        } else {
          messages.push(outgoing(message, this.#settings))
          places.push(index)
        }
      } catch (cause) {
        failures.push({ index, cause })
      }
      index++
    }
    const [first] = failures
    if (first === undefined) return { messages, places, skipped }
    throw new DataError('relay-function-failed', 'filter, key or headers threw an error for a message', {
      cause: first.cause,
      bad: failures.map((failure) => failure.index),
    })
  }
}
