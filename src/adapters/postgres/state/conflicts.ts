import { createHash } from 'node:crypto'
import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Conflict, ConflictPage, ConflictStore, StoredConflict } from '../../../core/state.js'
import { CONFLICT_PAGE, storedConflict } from '../../sql/stored-conflict.js'
import type { Session } from '../session/session.js'
import { stateTable } from './state-schema.js'

const Count = z.object({ count: z.coerce.number() })

export class PostgresConflicts implements ConflictStore {
  readonly #session: Session
  readonly #table: SQL

  constructor(session: Session, schema: string) {
    this.#session = session
    this.#table = stateTable(schema, 'conflicts')
  }

  async record(conflicts: readonly Conflict[]): Promise<void> {
    await this.recordIn(this.#session, conflicts)
  }

  async recordIn(session: Session, conflicts: readonly Conflict[]): Promise<void> {
    if (conflicts.length === 0) return
    const distinct = tally(conflicts)
    const of = (field: (conflict: Conflict) => string): SQL =>
      sql`${sql.param(distinct.map(({ conflict }) => field(conflict)))}`
    const query = sql`
      insert into ${this.#table} as known (hash, times, flow, table_name, decision, key, incoming, existing)
      select hash, times, flow, table_name, decision, key::jsonb, incoming::jsonb, existing::jsonb
      from unnest(${sql.param(distinct.map(({ hash }) => hash))}::text[],
        ${sql.param(distinct.map(({ times }) => times))}::int[], ${of((c) => c.flow)}::text[], ${of((c) => c.table)}::text[],
        ${of((c) => c.decision)}::text[], ${of((c) => JSON.stringify(c.key))}::text[],
        ${of((c) => JSON.stringify(c.incoming))}::text[], ${of((c) => JSON.stringify(c.existing))}::text[])
        as given (hash, times, flow, table_name, decision, key, incoming, existing)
      order by flow, hash
      on conflict (flow, hash) do update
        set times = known.times + excluded.times, decision = excluded.decision, last_at = now()`
    await session.execute(query, { what: 'recording conflicts' })
  }

  async count(flow: string): Promise<number> {
    const query = sql`select count(*)::text as count from ${this.#table} where flow = ${flow}`
    const [row] = await this.#session.execute(query, { what: 'counting conflicts' })
    return Count.parse(row).count
  }

  async list(flow: string, { limit = CONFLICT_PAGE, after }: ConflictPage = {}): Promise<readonly StoredConflict[]> {
    const from =
      after === undefined ? sql`` : sql`and (first_at, hash) < (${after.firstAt}::timestamptz, ${after.id}::text)`
    const query = sql`
      select hash as id, flow, table_name as "table", key::text as key, incoming::text as incoming,
        existing::text as existing, decision, times::text as times, ${iso(sql`first_at`)} as "firstAt",
        ${iso(sql`last_at`)} as "lastAt"
      from ${this.#table} where flow = ${flow} ${from} order by first_at desc, hash desc limit ${limit}`
    const rows = await this.#session.execute(query, { what: 'listing conflicts' })
    return rows.map(storedConflict)
  }
}

/** With all six digits, as pages go on from this very moment. */
function iso(column: SQL): SQL {
  return sql`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
}

interface Tallied {
  readonly hash: string
  readonly conflict: Conflict
  times: number
}

/** One statement may not count a row twice, so equal conflicts of a call are added up first. */
function tally(conflicts: readonly Conflict[]): readonly Tallied[] {
  const known = new Map<string, Tallied>()
  for (const conflict of conflicts) {
    const { flow, table, key, incoming, existing } = conflict
    const hash = createHash('sha256')
      .update(JSON.stringify([flow, table, key, incoming, existing]))
      .digest('hex')
    const entry = known.get(hash)
    if (entry === undefined) known.set(hash, { hash, conflict, times: 1 })
    else entry.times += 1
  }
  return [...known.values()]
}
