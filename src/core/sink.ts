import type { Batch, Items } from './batch.js'
import type { CheckpointStore } from './checkpoint.js'
import type { FenceCheck } from './lease.js'

/** What the engine tells a sink with each batch. */
export interface WriteContext {
  /** Name of the flow, as in the config. */
  readonly flow: string
  /** 1 for the first try of this batch. */
  readonly attempt: number
  /** The position saved before this batch, for a sink that saves positions itself; `undefined` on a lane's first. */
  readonly expected: string | undefined
  /**
   * When items are refused, the batch is written in parts anyway: which ones they are need not be found out. Default
   * false.
   */
  readonly partsFollow?: boolean
  /**
   * Of a flow that holds a lease: its epoch. The sink compares it with the fence in the transaction of the items, and
   * throws `FencedError`, with nothing stored, when another instance has raised that.
   */
  readonly epoch?: number
  /** More fences, which the writer of a `MirrorTable` compares likewise. */
  readonly fences?: readonly FenceCheck[]
  /** Aborts when the write has passed its deadline or the run was aborted. */
  readonly signal: AbortSignal
}

/** Where records go. The contract suite is `test/contracts/sink.ts`. */
export interface Sink<Item> extends AsyncDisposable {
  /**
   * Present when `write` saves the batch's position in the same transaction as its items (compare-and-set against
   * `context.expected`, a `ConflictError` when it moved). The engine then loads from here and never saves by itself.
   */
  readonly checkpoints?: CheckpointStore

  /**
   * Stores all items of the batch or none. Must be repeatable: the same batch may come again after a failure whose
   * outcome nobody knows. Throws `DataError` when items are the cause, `UnavailableError` when waiting may help.
   */
  write(batch: Batch<Item>, context: WriteContext): Promise<void>

  /**
   * Tries the items and undoes it: resolves when they would be stored, throws as `write` would. The engine bisects with
   * it to find the bad items of a batch. A sink without it names the bad items in its `DataError`.
   */
  probe?(items: Items<Item>, context: WriteContext): Promise<void>
}
