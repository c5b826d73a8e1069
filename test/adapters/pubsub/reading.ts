import { type PubsubOptions, pubsub } from 'lockstep/pubsub'
import type { Batch } from '../../../src/core/batch.js'
import { UnavailableError } from '../../../src/core/errors.js'
import type { Message } from '../../../src/core/message.js'
import type { Source } from '../../../src/core/source.js'
import type { BatchLimits } from '../../../src/core/stream.js'
import { PROJECT } from '../../support/pubsub.js'

export interface ReadingOptions {
  readonly options?: Partial<PubsubOptions>
  readonly batch?: Partial<BatchLimits>
  readonly lanes?: number
}

export function sourceOf(address: string, subscription: string, reading: ReadingOptions = {}): Source<Message> {
  const { options, batch, lanes = 4 } = reading
  return pubsub({ project: PROJECT, subscription, emulatorHost: address, ...options }).source({
    flow: 'test',
    batch: { items: 100, bytes: 1 << 20, waitMs: 10, ...batch },
    lanes,
    notice: () => undefined,
  })
}

/** Reads in the background as the engine does: again after the system went away. */
export class Reading implements AsyncDisposable {
  readonly batches: Batch<Message>[] = []
  readonly errors: UnavailableError[] = []
  /** Messages that each iteration has given: after an error there is another one. */
  readonly given: number[] = []
  readonly #source: Source<Message>
  readonly #stop = new AbortController()
  readonly #acknowledge: boolean
  readonly #done: Promise<void>
  /** Ids whose acknowledgement was confirmed. */
  readonly acknowledged = new Set<string>()

  constructor(source: Source<Message>, acknowledge: boolean) {
    this.#source = source
    this.#acknowledge = acknowledge
    this.#done = this.#run()
    // Looked at when it is disposed of.
    this.#done.catch(() => undefined)
  }

  get messages(): readonly Message[] {
    return this.batches.flatMap(({ items }) => [...items])
  }

  get ids(): ReadonlySet<string> {
    return new Set(this.messages.map(({ id }) => id))
  }

  /** Ends the iteration; the source is still there. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#done
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.#source[Symbol.asyncDispose]()
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      const attempt = this.given.push(0) - 1
      try {
        for await (const batch of this.#source.read(new Map(), signal)) {
          this.batches.push(batch)
          this.given[attempt] = (this.given[attempt] ?? 0) + batch.items.length
          if (!this.#acknowledge) continue
          await this.#source.acknowledge(batch)
          for (const { id } of batch.items) this.acknowledged.add(id)
        }
      } catch (error) {
        if (!(error instanceof UnavailableError)) throw error
        this.errors.push(error)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
  }
}
