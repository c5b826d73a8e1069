import type { Items } from '../core/batch.js'
import type { CheckpointStore } from '../core/checkpoint.js'
import type { DeadLetter, DeadLetterSink, LetterStage } from '../core/dead-letter.js'
import type { Sink } from '../core/sink.js'
import type { Source } from '../core/source.js'

/** A flow as the engine sees it: one source, one sink, and where to keep what goes with them. */
export interface Line<Item> {
  /** Name of the flow, as in the config. */
  readonly flow: string
  readonly source: Source<Item>
  readonly sink: Sink<Item>
  /** Used when the sink has no `checkpoints` of its own. Without either, each run begins at the beginning. */
  readonly checkpoints?: CheckpointStore
  /** Without it the first bad item stops the flow with its `DataError`. */
  readonly deadLetters?: DeadLetterSink
  /** How a bad item is kept. Default: its JSON, as payload and as key. */
  readonly describe?: (item: Item) => DescribedItem
  /**
   * What is wrong with an item already before it is written, e.g. that it could not be decoded: it becomes a dead letter
   * and the sink never sees it.
   */
  readonly faultOf?: (item: Item) => Fault | undefined
  /**
   * Whether the letter of an item that the sink refused with this code is held: tried again by the flow, as what it
   * waits for may still come. Such items are not counted as bad.
   */
  readonly holds?: (code: string) => boolean
  /** Bytes that a batch takes in memory, roughly; for `RunOptions.maxInFlightBytes`. Default 0. */
  readonly sizeOf?: (items: Items<Item>) => number
  /** The W3C trace context that an item came with, as text. */
  readonly traceparentOf?: (item: Item) => string | undefined
  /** The `subject` of health events. Default `source` and `sink`; better the databases' labels. */
  readonly labels?: { readonly source: string; readonly sink: string }
}

/** See `DeadLetter` for all of them. Defaults: `text`, no headers, no origin. */
export type DescribedItem = Pick<DeadLetter, 'itemKey' | 'payload'> &
  Partial<Pick<DeadLetter, 'encoding' | 'headers' | 'origin'>>

/** See `DeadLetter`; `reason` without values of the item. */
export interface Fault {
  readonly stage: LetterStage
  readonly code: string
  readonly reason: string
}
