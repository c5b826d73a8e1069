import type { Checkpoints, Lane, Position } from './batch.js'

/** Keeps positions. The contract suite is `test/contracts/checkpoint-store.ts`. */
export interface CheckpointStore {
  /** All saved positions of a flow; an empty map for a flow never seen. */
  load(flow: string): Promise<Checkpoints>

  /**
   * Moves a lane from `expected` (`undefined`: no position saved yet) to `position`, atomically. Throws `ConflictError`
   * and changes nothing when the saved position is another: a second instance runs the same flow.
   */
  save(flow: string, lane: Lane, position: Position, expected: Position | undefined): Promise<void>

  /**
   * Takes away all positions of a flow, so that it begins anew; answers how many lanes there were. An instance that runs
   * the flow meets a `ConflictError` with its next `save`.
   */
  reset(flow: string): Promise<number>
}
