import type { CheckStore } from './check-store.js'
import type { CheckpointStore } from './checkpoint.js'
import type { DeadLetterStore } from './dead-letter.js'
import type { GrantList } from './diagnosis.js'
import type { EventLogStore } from './event-log.js'
import type { FeedRunStore } from './feed-run.js'
import type { LeaseStore } from './lease.js'
import type { Row } from './table.js'

/** The tables a database keeps for the flows that write to it (schema `lockstep` on PostgreSQL). */
export interface StateStore {
  readonly checkpoints: CheckpointStore
  readonly deadLetters: DeadLetterStore
  readonly conflicts: ConflictStore
  readonly runs: RunStore
  readonly checks: CheckStore
  readonly feeds: FeedRunStore
  /** Failures and changes of state, for as long as the config says. */
  readonly events: EventLogStore
  /** Who runs a flow that must run once, and what keeps others from writing. */
  readonly leases: LeaseStore
  /** Creates what is missing; quick and repeatable; safe when several instances start at once. */
  prepare(signal: AbortSignal): Promise<void>
  /** What creates these tables beforehand, and the least rights on them; left out where there are no roles. */
  grants?(role: string, signal: AbortSignal): Promise<GrantList>
}

/** Two sides hold different rows under one key, and what was done about it. Every write that was dropped is in here. */
export interface Conflict {
  readonly flow: string
  /** `TableSchema.name` */
  readonly table: string
  readonly key: Row
  /** The row that came from the other side, and the one that was here. */
  readonly incoming: Row
  readonly existing: Row
  readonly decision: 'kept-both' | 'kept-existing' | 'took-incoming'
}

export interface StoredConflict extends Conflict {
  /** Short text that names it within its flow. */
  readonly id: string
  /** How often it was recorded, first and last; ISO 8601, UTC. */
  readonly times: number
  readonly firstAt: string
  readonly lastAt: string
}

export interface ConflictPage {
  /** Default 100. */
  readonly limit?: number
  /** The last conflict of the page before. */
  readonly after?: Pick<StoredConflict, 'id' | 'firstAt'>
}

export interface ConflictStore {
  /** The same flow, table, key, incoming and existing row is one record, counted again. */
  record(conflicts: readonly Conflict[]): Promise<void>
  count(flow: string): Promise<number>
  /** Newest `firstAt` first, then by `id` downwards. */
  list(flow: string, page?: ConflictPage): Promise<readonly StoredConflict[]>
}

/** How a flow stands, as its process last told; what `lockstep status` shows. */
export interface RunRecord {
  readonly flow: string
  readonly kind: string
  /** One per process start. */
  readonly run: string
  /** `scheduled`: between two runs. `paused`: until it is resumed. `standby`: another instance runs it. */
  readonly state: 'running' | 'standby' | 'scheduled' | 'draining' | 'paused' | 'stopped' | 'failed'
  /** ISO 8601, UTC. With a schedule: of the last change between running and waiting. */
  readonly startedAt: string
  readonly heartbeatAt: string
  readonly items: number
  readonly lagMs: number | undefined
  readonly retries: number
  readonly deadLetters: number
  readonly conflicts: number
  readonly lastError: string | undefined
  readonly lastVerdict: { readonly verdict: string; readonly detail: string; readonly at: string } | undefined
  /** Of flows with a schedule: when it runs again, and how the run before ended. */
  readonly nextRunAt?: string | undefined
  readonly lastRun?: LastRun | undefined
  /** Of flows that must run once: who has the lease, as this process knows. */
  readonly lease?: LeaseTold | undefined
}

/** Who has the lease of a flow, for people. */
export interface LeaseTold {
  /** Host and process. */
  readonly holder: string
  readonly epoch: number
  /** When it was taken; ISO 8601, UTC. */
  readonly since: string
}

/** How one run of a flow with a schedule ended. Times are ISO 8601, UTC. */
export interface LastRun {
  readonly startedAt: string
  readonly endedAt: string
  readonly exitCode: number
  readonly error?: string | undefined
}

export interface RunStore {
  /** Inserts or replaces the record of (flow, run). */
  save(record: RunRecord): Promise<void>
  /** The newest record of each flow, or of one flow; one of a standby only where there is no other. */
  latest(flow?: string): Promise<readonly RunRecord[]>
  /** The last runs of a flow, newest start first. */
  list(flow: string, limit: number): Promise<readonly RunRecord[]>
}
