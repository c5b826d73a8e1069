import type { Checkpoints, Lane, Position } from '../../core/batch.js'
import type { CheckpointMove, CheckpointStore } from '../../core/checkpoint.js'
import { ConflictError } from '../../core/errors.js'
import { MemoryLeases } from './leases.js'

/** Checkpoints that live as long as the object. */
export class MemoryCheckpointStore implements CheckpointStore {
  readonly #flows = new Map<string, Map<Lane, Position>>()
  readonly #leases: MemoryLeases

  /** `leases`: whose fences are asked. */
  constructor(leases: MemoryLeases = new MemoryLeases()) {
    this.#leases = leases
  }

  async load(flow: string): Promise<Checkpoints> {
    return new Map(this.#flows.get(flow))
  }

  async save(move: CheckpointMove): Promise<void> {
    this.move(move)
  }

  async reset(flow: string): Promise<number> {
    const lanes = this.#flows.get(flow)?.size ?? 0
    this.#flows.delete(flow)
    return lanes
  }

  /** As `save`, but at once: nothing can come in between, so it can be part of a greater change. */
  move({ flow, lane, position, expected, epoch }: CheckpointMove): void {
    if (epoch !== undefined) this.#leases.check(flow, epoch)
    const lanes = this.#flows.get(flow) ?? new Map<Lane, Position>()
    if (lanes.get(lane) !== expected) {
      throw new ConflictError(
        'checkpoint-moved',
        `flow ${flow}, lane ${lane}: the checkpoint is not where this instance left it; does another one run the flow?`,
      )
    }
    lanes.set(lane, position)
    this.#flows.set(flow, lanes)
  }
}

export function memoryCheckpoints(leases?: MemoryLeases): MemoryCheckpointStore {
  return new MemoryCheckpointStore(leases)
}
