import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { StreamAlert } from '../../core/alert.js'
import type { VersionCache } from '../../core/cache.js'
import type { DeadLetterStore } from '../../core/dead-letter.js'
import type { Message } from '../../core/message.js'
import type { BatchLimits, MessageTarget, Stream } from '../../core/stream.js'
import type { UpsertOptions } from '../../core/upsert.js'
import type { Exact, Into, Mapped, Output } from './mapped.js'

/** What every `ingest` has. */
export interface IngestCommon<Tables extends Into> {
  /** Where the messages come from: `pubsub(...)`, `kurrentdb(...)`, `kafka(...)`, `files(...)`. */
  readonly from: Stream
  /** A table, or several of one database by the names that `map` calls them; all are written in one transaction. */
  readonly into: Tables
  /**
   * Makes a value of a message's body. Default: JSON in UTF-8 within `limits`. May be asynchronous; messages are then decoded one after the other.
   */
  readonly decode?: (body: Uint8Array, message: Message) => unknown
  readonly limits?: Partial<DecodeLimits>
  /** When a batch is closed. Default 1,000 items, 8 MiB or 20 ms. */
  readonly batch?: Partial<BatchLimits>
  /** Batches that are written at the same time, at most. Default 4. */
  readonly lanes?: number
  /** What to do with text that the database cannot hold (NUL, half a surrogate pair). Default `reject`. */
  readonly invalidText?: NonNullable<UpsertOptions['invalidText']>
  /**
   * What becomes of rows whose parent (foreign key) is not there. `dead-letter` (default), or `hold`: the message is kept
   * as a letter and tried again every `holdRetryMs`, and soon after other messages were stored, until `holdMs` has
   * passed since it first came; then it is a dead letter. Held letters survive restarts. Without a `version` column a
   * message that was held wins over what came in the meantime.
   */
  readonly orphans?: 'dead-letter' | 'hold'
  /** In ms. Default 5,000. */
  readonly holdRetryMs?: number
  /** In ms. Default 86,400,000 (a day). */
  readonly holdMs?: number
  /**
   * The flow stops, and nothing of the batch is stored or kept as a dead letter, when more than this share of a batch of 20
   * or more cannot be stored: the cause is then not in the messages. 0 to 1, 1 being never. Default 0.5.
   */
  readonly stopAbove?: number
  /** Where dead letters go. Default: the state tables of the database of `into`. */
  readonly deadLetters?: MessageTarget | DeadLetterStore
  /** Remembers which versions are stored, so that stale messages need not go to the database. Tables need `key`. */
  readonly cache?: VersionCache
  /** When people are told, and where: `{ deadLettersAbove: 0, to: webhook(...) }`. Default: as `alerts` of the config. */
  readonly alert?: StreamAlert
}

export interface DecodeLimits {
  /** Of a body. Default 10 MiB. */
  readonly bodyBytes: number
  /** Objects and arrays within one another. Default 64. */
  readonly depth: number
  /**
   * A message with an integer that JavaScript cannot hold (beyond 2^53) is a dead letter, as a wrong number would be stored
   * in silence. `false` takes the nearest number instead. Default `true`.
   */
  readonly exactIntegers: boolean
}

/** An `ingest` of messages that are all of one kind. */
export interface PlainIngest<Tables extends Into, Answer, Schema> extends IngestCommon<Tables> {
  /** Any Standard Schema (Zod, Valibot, ArkType); what it makes of a value is what `map` gets. */
  readonly schema?: Schema & StandardSchemaV1
  /** Makes a present-day value of an old one; before `schema`. */
  readonly upcast?: (value: unknown, message: Message) => unknown
  /** The rows of a message: one, several or none. Throw `DataError` to make the message a dead letter. */
  readonly map: (value: Output<Schema>, message: Message) => Answer | Promise<Answer>
}

/** How the messages of one type are handled. */
export interface IngestRoute<Schema, Answer> {
  readonly schema?: Schema & StandardSchemaV1
  readonly upcast?: (value: unknown, message: Message) => unknown
  readonly map: (value: Output<Schema>, message: Message) => Answer | Promise<Answer>
}

/** An `ingest` of messages of several types. */
export interface RoutedIngest<Tables extends Into, Routes> extends IngestCommon<Tables> {
  readonly byType: Routes
  /** What becomes of types that `byType` does not name: a dead letter (default), or counted and skipped. */
  readonly unknownTypes?: 'skip' | 'dead-letter'
  /**
   * The type of a message. Default `message.type`. When it takes only the message, unknown types are not even decoded.
   */
  readonly typeOf?: (message: Message, value: unknown) => string | undefined
}

export type PlainIngestOptions<Tables extends Into, Answer, Schema> = PlainIngest<Tables, Answer, Schema> &
  Exact<Answer, Tables>

/** `Schemas` types what each `map` gets, `Routes` what it answers. */
export type RoutedIngestOptions<Tables extends Into, Schemas, Routes> = RoutedIngest<
  Tables,
  { readonly [Type in keyof Schemas]: IngestRoute<Schemas[Type], Mapped<Tables>> } & Routes
>
