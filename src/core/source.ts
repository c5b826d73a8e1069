import type { Batch, Checkpoints } from './batch.js'

/** Where records come from. The contract suite is `test/contracts/source.ts`. */
export interface Source<Item> extends AsyncDisposable {
  /**
   * Reads from the saved positions on. The engine calls it once per attempt and has at most one iteration open.
   * Nothing happens until the first batch is asked for. Batches of one lane come in the order in which they must be
   * written. The iteration ends when a finite source is exhausted or soon after `signal` aborts; it throws an
   * `UnavailableError` when the system behind it went away, and the engine calls again.
   */
  read(from: Checkpoints, signal: AbortSignal): AsyncIterable<Batch<Item>>

  /**
   * Called once for each batch that is stored (or dead-lettered) together with its checkpoint, in the order of reading
   * within a lane. What is not acknowledged is read again by the next run.
   */
  acknowledge(batch: Batch<Item>): Promise<void>

  /**
   * Resolves when everything that was committed at the source before the call has been acknowledged. Endless sources
   * offer it for `--until-caught-up`; a finite source leaves it out, as its iteration ends.
   */
  caughtUp?(signal: AbortSignal): Promise<void>
}
