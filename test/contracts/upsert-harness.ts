import type { LeaseStore } from '../../src/core/lease.js'
import type { UpsertOptions, UpsertSink } from '../../src/core/upsert.js'

/** A table as the suite wants it. Column names are lower-case words, so a Drizzle property is the column's name. */
export interface UpsertTable {
  readonly name: string
  readonly columns: readonly UpsertColumn[]
  /** Primary key. */
  readonly key: readonly string[]
  readonly version?: string
  /** Another unique index. */
  readonly unique?: readonly string[]
}

export interface UpsertColumn {
  readonly name: string
  readonly type: 'integer' | 'text'
  readonly nullable: boolean
  /** A text, as the database's own default. */
  readonly default?: string
  /** Foreign key to the column `id` of this table. */
  readonly parent?: string
}

/** A row as a bare client of the database reads it: every value as text. */
export type StoredRow = Readonly<Record<string, string | null>>

export interface UpsertHarness extends AsyncDisposable {
  /** A sink of `Database.upserts` over these tables, in this order, by `key` and `version` of each. */
  sink(tables: readonly UpsertTable[], options?: Pick<UpsertOptions, 'invalidText'>): Promise<UpsertSink>
  /** Where the fence is. */
  readonly leases: LeaseStore
  /** What is in the table, in any order: asked of the system, not of the sink. */
  stored(table: UpsertTable): Promise<readonly StoredRow[]>
  /** Puts a row there, past the sink. */
  insert(table: UpsertTable, row: StoredRow): Promise<void>
}
