import type { Diagnosis } from './diagnosis.js'
import type { Message, OutgoingMessage } from './message.js'
import type { Source } from './source.js'

/** When the batch that is being gathered is closed: by whichever comes first. */
export interface BatchLimits {
  /** Items in a batch. Default 1,000. */
  readonly items: number
  /** Bytes of message bodies in a batch. A greater message makes a batch of its own. Default 8 MiB. */
  readonly bytes: number
  /** How long the first item of a batch waits for others, in ms. Default 20. */
  readonly waitMs: number
}

export const BATCH_LIMITS: BatchLimits = { items: 1_000, bytes: 8 * 1024 * 1024, waitMs: 20 }

export interface StreamOptions {
  /** Name of the flow that reads. */
  readonly flow: string
  readonly batch: BatchLimits
  /**
   * Batches that are written at the same time, at most. A source without an order of its own makes so many lanes; one
   * with an order spreads its keys over them.
   */
  readonly lanes: number
  /** Told about things a person may want to know once. */
  notice(notice: { level: 'info' | 'warn'; code: string; message: string }): void
}

/** A stream of messages as the config hands it to flows. Making one opens nothing. */
export interface Stream {
  /** `pubsub`, `kurrentdb`, `kafka`, `files`, `memory`. */
  readonly system: string
  /** For people, without credentials: `pubsub://project/scan-sub`. */
  readonly label: string
  /**
   * Its positions are those of one reader, as nobody shares it out among several: a flow that reads it holds a lease.
   * Default false: the broker gives each reader its part, or there are no positions.
   */
  readonly oneReader?: boolean
  /** A source that passes `test/contracts/source.ts`. Nothing is connected before its first batch is asked for. */
  source(options: StreamOptions): Source<Message>
  /** What would stop reading it: unreachable, missing, no rights. Changes nothing. */
  diagnose(signal: AbortSignal): Promise<readonly Diagnosis[]>
}

/** A topic, queue or file that messages can be put into, as the config hands it to flows. Making one opens nothing. */
export interface MessageTarget {
  readonly system: string
  /** For people, without credentials: `kafka://host:9092/quotes`. */
  readonly label: string
  open(): MessageWriter
  diagnose(signal: AbortSignal): Promise<readonly Diagnosis[]>
}

export interface MessageWriter extends AsyncDisposable {
  /**
   * Resolves when all messages are durable at the target, in their order within each key. Repeatable: after a failure
   * the caller writes all of them again. Throws `UnavailableError` when waiting may help, `DataError` with `bad` when
   * messages are refused for what they are (too large). Connects on first use.
   */
  write(messages: readonly OutgoingMessage[], signal: AbortSignal): Promise<void>
}
