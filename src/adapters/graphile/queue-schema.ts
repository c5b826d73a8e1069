export const OWN_SCHEMA = 'lockstep_queue'
/** The schema that the library has if it is told nothing else. */
export const LIBRARY_SCHEMA = 'graphile_worker'

/** What the queue of the library does not keep: which ranges belong together, what came of them, and who is at work. */
export const OWN_TABLES: readonly string[] = [
  'create schema if not exists lockstep_queue',
  `create table if not exists lockstep_queue.runs (
    run uuid primary key,
    flow text not null,
    fingerprint text not null,
    of int4 not null,
    lease_ms int4 not null,
    open bool not null default true,
    refused_by text[] not null default '{}',
    seen_at timestamptz not null default now())`,
  `create table if not exists lockstep_queue.ranges (
    run uuid not null references lockstep_queue.runs on delete cascade,
    range int4 not null,
    task text not null,
    state text not null default 'waiting',
    attempt int4 not null default 0,
    worker text,
    locked_by text,
    seen_at timestamptz,
    result text,
    failure text,
    primary key (run, range))`,
  `create table if not exists lockstep_queue.found (
    run uuid not null,
    range int4 not null,
    attempt int4 not null,
    part int4 not null,
    items text not null,
    primary key (run, range, attempt, part),
    foreign key (run, range) references lockstep_queue.ranges on delete cascade)`,
]

/**
 * What a role needs where the library's tables are not there yet: it makes them, and they are its own. The table is the one
 * that the library begins with; where it is there, no right to create schemas is needed.
 */
export function libraryStart(role: string): readonly string[] {
  return [
    `CREATE SCHEMA IF NOT EXISTS ${LIBRARY_SCHEMA};`,
    `GRANT USAGE, CREATE ON SCHEMA ${LIBRARY_SCHEMA} TO ${role};`,
    `CREATE TABLE IF NOT EXISTS ${LIBRARY_SCHEMA}.migrations (
    id int PRIMARY KEY,
    ts timestamptz NOT NULL DEFAULT now(),
    breaking boolean NOT NULL DEFAULT false);`,
    `GRANT SELECT, INSERT ON TABLE ${LIBRARY_SCHEMA}.migrations TO ${role};`,
  ]
}

export type Right = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE'

/** Rights on a table of the queue. */
export interface Need {
  readonly schema: typeof OWN_SCHEMA | typeof LIBRARY_SCHEMA
  readonly table: string
  /** Of workers and coordinators. */
  readonly both: readonly Right[]
  /** What a coordinator needs besides. */
  readonly coordinator: readonly Right[]
  /** Its rows are hidden from all but its owner, unless a policy shows them. */
  readonly policy: boolean
}

const own = (table: string, both: readonly Right[], coordinator: readonly Right[] = []): Need => ({
  schema: OWN_SCHEMA,
  table,
  both,
  coordinator,
  policy: false,
})
const library = (table: string, both: readonly Right[], coordinator: readonly Right[] = []): Need => ({
  schema: LIBRARY_SCHEMA,
  table,
  both,
  coordinator,
  policy: table.startsWith('_private_'),
})

/** The least rights, where somebody else owns the tables. */
export const NEEDS: readonly Need[] = [
  own('runs', ['SELECT', 'UPDATE'], ['INSERT', 'DELETE']),
  own('ranges', ['SELECT', 'UPDATE'], ['INSERT']),
  own('found', ['SELECT', 'INSERT', 'DELETE']),
  library('migrations', ['SELECT']),
  library('_private_jobs', ['SELECT', 'UPDATE', 'DELETE'], ['INSERT']),
  library('_private_job_queues', ['SELECT', 'UPDATE'], ['INSERT']),
  library('_private_tasks', ['SELECT', 'INSERT']),
  library('jobs', [], ['SELECT']),
]
