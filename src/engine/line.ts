import type { CheckpointStore } from '../core/checkpoint.js'
import type { DeadLetterStore } from '../core/dead-letter.js'
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
  readonly deadLetters?: DeadLetterStore
  /** How a bad item is kept. Default: its JSON, as payload and as key. */
  readonly describe?: (item: Item) => DescribedItem
  /** The `subject` of health events. Default `source` and `sink`; better the databases' labels. */
  readonly labels?: { readonly source: string; readonly sink: string }
}

/** See `DeadLetter` for both. */
export interface DescribedItem {
  readonly itemKey: string
  readonly payload: string
}
