import type {
  Conflict,
  ConflictPage,
  ConflictStore,
  RunRecord,
  RunStore,
  StateStore,
  StoredConflict,
} from '../../core/state.js'
import { MemoryCheckStore } from './check-store.js'
import { MemoryCheckpointStore } from './checkpoint-store.js'
import { MemoryDeadLetterStore } from './dead-letter-store.js'
import { MemoryEventLog } from './event-log.js'
import { MemoryFeedRunStore } from './feed-run-store.js'
import { MemoryLeases } from './leases.js'

/** Conflicts that live as long as the object. */
export class MemoryConflictStore implements ConflictStore {
  readonly #conflicts = new Map<string, StoredConflict>()

  get conflicts(): readonly Conflict[] {
    return [...this.#conflicts.values()]
  }

  async record(conflicts: readonly Conflict[]): Promise<void> {
    const lastAt = new Date().toISOString()
    for (const conflict of conflicts) {
      const { flow, table, key, incoming, existing } = conflict
      const identity = JSON.stringify([flow, table, key, incoming, existing])
      const known = this.#conflicts.get(identity) ?? { id: String(this.#conflicts.size + 1), times: 0, firstAt: lastAt }
      const { id, times, firstAt } = known
      this.#conflicts.set(identity, { ...conflict, id, times: times + 1, firstAt, lastAt })
    }
  }

  async list(flow: string, { limit = 100, after }: ConflictPage = {}): Promise<readonly StoredConflict[]> {
    const order = (a: Place, b: Place): number => compareText(b.firstAt, a.firstAt) || compareText(b.id, a.id)
    return [...this.#conflicts.values()]
      .filter((conflict) => conflict.flow === flow && (after === undefined || order(conflict, after) > 0))
      .sort(order)
      .slice(0, limit)
  }

  async count(flow: string): Promise<number> {
    return this.conflicts.filter((conflict) => conflict.flow === flow).length
  }
}

type Place = Pick<StoredConflict, 'id' | 'firstAt'>

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
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
      if (known === undefined || follows(record, known)) newest.set(record.flow, record)
    }
    return [...newest.values()]
  }

  async list(flow: string, limit: number): Promise<readonly RunRecord[]> {
    return [...this.#records.values()]
      .filter((record) => record.flow === flow)
      .sort((a, b) => compareText(b.startedAt, a.startedAt) || compareText(b.heartbeatAt, a.heartbeatAt))
      .slice(0, limit)
  }
}

/** Whether `record` says more of how its flow stands than one that was seen before. */
function follows(record: RunRecord, known: RunRecord): boolean {
  const [waits, waited] = [record.state === 'standby', known.state === 'standby']
  return waits === waited ? known.heartbeatAt <= record.heartbeatAt : waited
}

export class MemoryStateStore implements StateStore {
  readonly leases = new MemoryLeases()
  readonly checkpoints = new MemoryCheckpointStore(this.leases)
  readonly deadLetters = new MemoryDeadLetterStore()
  readonly conflicts = new MemoryConflictStore()
  readonly runs = new MemoryRunStore()
  readonly checks = new MemoryCheckStore()
  readonly feeds = new MemoryFeedRunStore()
  readonly events = new MemoryEventLog()

  async prepare(): Promise<void> {}
}

export function memoryState(): MemoryStateStore {
  return new MemoryStateStore()
}
