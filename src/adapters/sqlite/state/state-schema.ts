import { z } from 'zod'
import { ConfigError } from '../../../core/errors.js'
import type { SqliteSession } from '../session/session.js'

/** Raised by whoever changes the tables, with what brings older ones up to date. */
export const STATE_VERSION = 5

/** Times are ISO 8601 in UTC with milliseconds, which sort as text. */
const DDL = [
  `create table if not exists lockstep_checkpoints (flow text not null, lane text not null, position text not null,
    updated_at text not null, primary key (flow, lane)) without rowid`,
  `create table if not exists lockstep_dead_letters (flow text not null, item_hash text not null, id text not null,
    item_key text not null, lane text not null, stage text not null, code text not null, reason text not null,
    payload text not null, encoding text not null, headers text not null, origin text, position text,
    attempts integer not null, state text not null, first_at text not null, last_at text not null,
    primary key (flow, item_hash))`,
  'create index if not exists lockstep_dead_letters_by_age on lockstep_dead_letters (flow, first_at, id)',
  `create table if not exists lockstep_conflicts (flow text not null, hash text not null, table_name text not null,
    key_values text not null, incoming text not null, existing text not null, decision text not null,
    times integer not null, first_at text not null, last_at text not null, primary key (flow, hash))`,
  `create table if not exists lockstep_runs (flow text not null, run text not null, started_at text not null,
    heartbeat_at text not null, record text not null, primary key (flow, run))`,
  `create table if not exists lockstep_check_runs (id text primary key, flow text not null, kind text not null,
    started_at text not null, heartbeat_at text not null, ended_at text, verdict text, exit_code integer,
    differences integer not null, subject text not null, found text not null, outcome text)`,
  'create index if not exists lockstep_check_runs_by_time on lockstep_check_runs (started_at, id)',
  'create index if not exists lockstep_check_runs_by_flow on lockstep_check_runs (flow, started_at, id)',
  `create table if not exists lockstep_check_findings (run_id text not null, number integer not null, kind text not null,
    key_values text not null, details text not null, primary key (run_id, number)) without rowid`,
  `create table if not exists lockstep_feed_runs (flow text not null, id text not null, started_at text not null,
    summary text not null, rejections text not null, primary key (flow, id))`,
  'create index if not exists lockstep_feed_runs_by_time on lockstep_feed_runs (flow, started_at, id)',
  `create table if not exists lockstep_event_log (id text primary key, flow text not null, event text not null,
    level text not null, at text not null, last_at text not null, times integer not null, message text not null, code text,
    subject text) without rowid`,
  'create index if not exists lockstep_event_log_by_flow on lockstep_event_log (flow, id)',
  // Without a holder it was given back.
  `create table if not exists lockstep_leases (flow text primary key, epoch integer not null, holder text, instance text,
    since text not null, expires_ms integer not null) without rowid`,
  'create table if not exists lockstep_fences (flow text primary key, epoch integer not null) without rowid',
  'create table if not exists lockstep_version (only_row integer primary key check (only_row = 1), version integer not null)',
  // Versions 2 to 5 brought tables only.
  `insert into lockstep_version values (1, ${STATE_VERSION}) on conflict do update set version = max(version, excluded.version)`,
]

const Version = z.tuple([z.object({ version: z.coerce.number() })])

/** Creates what is missing and brings older tables up to date, as often and by as many processes at once as one likes. */
export async function prepareState(session: SqliteSession, label: string, signal: AbortSignal): Promise<void> {
  const options = { what: 'preparing the state tables', signal }
  await session.transaction(async (transaction) => {
    for (const statement of DDL) await transaction.execute(statement, [], options)
    const { rows } = await transaction.execute('select version from lockstep_version', [], options)
    const [{ version }] = Version.parse(rows)
    // Nothing of the above stays then.
    if (version > STATE_VERSION) throw newerState(label, version)
  }, options)
}

/** Tables of a newer release may mean what this one cannot know. */
function newerState(label: string, version: number): ConfigError {
  return new ConfigError({
    code: 'state-version',
    key: label,
    message: `the state tables (lockstep_...) have version ${version}; this lockstep knows version ${STATE_VERSION}`,
    fix: 'Use the lockstep release that made them, or a newer one.',
  })
}
