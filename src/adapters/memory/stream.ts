import type { Lane } from '../../core/batch.js'
import type { Diagnosis } from '../../core/diagnosis.js'
import type { Message } from '../../core/message.js'
import type { Source } from '../../core/source.js'
import type { Stream, StreamOptions } from '../../core/stream.js'
import { MemoryLog } from './log.js'
import { MemorySource, type MemorySourceOptions } from './source.js'

export interface MemoryStreamOptions extends Omit<MemorySourceOptions, 'batchItems'> {
  /** For people. Default `memory://stream`. */
  readonly label?: string
  /** The lane of a message. Default its `stream`. */
  readonly laneOf?: (message: Message) => Lane
}

/** A message to append: a body, and what else it is to have. Text is taken as UTF-8, `json` made to JSON. */
export type MemoryMessage = Partial<Omit<Message, 'body'>> &
  ({ readonly body: string | Uint8Array } | { readonly json: unknown })

/** A stream whose messages are appended by its user; what was acknowledged stays so over runs, as with a broker. */
export class MemoryStream implements Stream {
  readonly system = 'memory'
  readonly label: string
  readonly #options: MemoryStreamOptions
  readonly #log = new MemoryLog<Message>()
  #appended = 0

  constructor(options: MemoryStreamOptions = {}) {
    this.label = options.label ?? 'memory://stream'
    this.#options = options
  }

  /** Ids that are left out are numbers from 1 on. */
  append(...messages: readonly MemoryMessage[]): void {
    for (const given of messages) {
      const message = complete(given, ++this.#appended)
      this.#log.append(this.#options.laneOf?.(message) ?? message.stream, [message])
    }
  }

  /** Nothing will be appended any more: runs end once everything is read. */
  end(): void {
    this.#log.end()
  }

  /** How many messages are acknowledged, in one lane or in all. */
  acknowledged(lane?: Lane): number {
    if (lane !== undefined) return this.#log.acknowledged(lane)
    return [...this.#log.lanes.values()].reduce((sum, log) => sum + log.acknowledged, 0)
  }

  /** Batches are closed by their number of items only. */
  source({ batch }: Pick<StreamOptions, 'batch'>): Source<Message> {
    return new MemorySource({ ...this.#options, batchItems: batch.items }, this.#log)
  }

  async diagnose(): Promise<readonly Diagnosis[]> {
    return [{ level: 'ok', subject: this.label, message: 'is in memory' }]
  }
}

export function memoryStream(options: MemoryStreamOptions = {}): MemoryStream {
  return new MemoryStream(options)
}

function complete(given: MemoryMessage, number: number): Message {
  const { id, key, type, headers, metadata, stream, revision, publishedAt } = given
  return {
    id: id ?? String(number),
    body: bodyOf(given),
    key,
    type,
    headers: Object.assign(Object.create(null), headers),
    metadata,
    stream: stream ?? 'memory',
    revision: revision ?? BigInt(number),
    publishedAt,
  }
}

function bodyOf(given: MemoryMessage): Uint8Array {
  const body = 'body' in given ? given.body : (JSON.stringify(given.json) ?? '')
  return typeof body === 'string' ? Buffer.from(body) : body
}
