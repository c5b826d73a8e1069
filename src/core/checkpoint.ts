import type { Checkpoints, Lane, Position } from './batch.js'

/** A lane's step from `expected` (`undefined`: nothing saved yet) to `position`. */
export interface CheckpointMove {
  readonly flow: string
  readonly lane: Lane
  readonly position: Position
  readonly expected: Position | undefined
  /** Of a flow that holds a lease: the fence has to be this. */
  readonly epoch?: number | undefined
}

/** Keeps positions. The contract suite is `test/contracts/checkpoint-store.ts`. */
export interface CheckpointStore {
  /** All saved positions of a flow; an empty map for a flow never seen. */
  load(flow: string): Promise<Checkpoints>

  /**
   * Makes the step, atomically. Throws, and changes nothing: `ConflictError` when the saved position is not the expected one,
   * as a second instance runs the same flow; `FencedError` when the fence of the flow is not `epoch`.
   */
  save(move: CheckpointMove): Promise<void>

  /**
   * Takes away all positions of a flow, so that it begins anew; answers how many lanes there were. An instance that runs
   * the flow meets a `ConflictError` with its next `save`.
   */
  reset(flow: string): Promise<number>
}
