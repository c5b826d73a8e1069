import { type SQL, sql } from 'drizzle-orm'

/** How a column is read: by its index in short statements, or sorted in one. */
export type LaneKind = 'indexed' | 'sorted'

/** How long the other databases may take while a lane waits. */
const IDLE_MS = 1_800_000

/**
 * With an index only what comes out of it in order can stop early: estimates of how many keys there are, are wrong for
 * popular keys, and a plan that hashes or sorts would do so for each batch.
 */
const SETTINGS: Readonly<Record<LaneKind, Readonly<Record<string, string>>>> = {
  indexed: {
    enable_hashagg: 'off',
    enable_sort: 'off',
    enable_seqscan: 'off',
    enable_bitmapscan: 'off',
    max_parallel_workers_per_gather: '0',
  },
  sorted: { work_mem: '128MB', cursor_tuple_fraction: '1' },
}

/** Sets all of them until the transaction ends. */
export function laneSettings(kind: LaneKind): SQL {
  const all = {
    ...SETTINGS[kind],
    jit: 'off',
    client_connection_check_interval: '1s',
    idle_in_transaction_session_timeout: String(IDLE_MS),
  }
  const list = sql.join(
    Object.entries(all).map(([name, value]) => sql`(${name}, ${value})`),
    sql`, `,
  )
  return sql`select set_config(name, value, true) from (values ${list}) as s (name, value)`
}
