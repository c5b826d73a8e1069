import type { Conflict, ConflictStore, RunRecord, RunStore, StateStore } from '../../core/state.js'
import { MemoryCheckStore } from './check-store.js'
import { MemoryCheckpointStore } from './checkpoint-store.js'
import { MemoryDeadLetterStore } from './dead-letter-store.js'

/** Conflicts that live as long as the object. */
export class MemoryConflictStore implements ConflictStore {
  readonly #conflicts = new Map<string, Conflict>()

  get conflicts(): readonly Conflict[] {
    return [...this.#conflicts.values()]
  }

  async record(conflicts: readonly Conflict[]): Promise<void> {
    for (const conflict of conflicts) {
      const { flow, table, key, incoming, existing } = conflict
      this.#conflicts.set(JSON.stringify([flow, table, key, incoming, existing]), conflict)
    }
  }

  async count(flow: string): Promise<number> {
    return this.conflicts.filter((conflict) => conflict.flow === flow).length
  }
}

/** Run records that live as long as the object. */
export class MemoryRunStore implements RunStore {
  readonly #records = new Map<string, RunRecord>()

  async save(record: RunRecord): Promise<void> {
    this.#records.set(JSON.stringify([record.flow, record.run]), record)
  }

  async latest(flow?: string): Promise<readonly RunRecord[]> {
    const newest = new Map<string, RunRecord>()
    for (const record of this.#records.values()) {
      if (flow !== undefined && record.flow !== flow) continue
      const known = newest.get(record.flow)
      if (known === undefined || known.heartbeatAt <= record.heartbeatAt) newest.set(record.flow, record)
    }
    return [...newest.values()]
  }
}

export class MemoryStateStore implements StateStore {
  readonly checkpoints = new MemoryCheckpointStore()
  readonly deadLetters = new MemoryDeadLetterStore()
  readonly conflicts = new MemoryConflictStore()
  readonly runs = new MemoryRunStore()
  readonly checks = new MemoryCheckStore()

  async prepare(): Promise<void> {}
}

export function memoryState(): MemoryStateStore {
  return new MemoryStateStore()
}
