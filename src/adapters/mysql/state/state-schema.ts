import { createHash } from 'node:crypto'
import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import { ConfigError, LockstepError } from '../../../core/errors.js'
import { identifier, qualified } from '../catalog/identifiers.js'
import type { ServerFacts } from '../session/dialect.js'
import type { ExecuteOptions, Session } from '../session/session.js'

/** Raised by whoever changes the tables, with what brings older ones up to date. */
export const STATE_VERSION = 5

export type StateTable =
  | 'checkpoints'
  | 'dead_letters'
  | 'conflicts'
  | 'runs'
  | 'check_runs'
  | 'check_findings'
  | 'feed_runs'
  | 'event_log'
  | 'leases'
  | 'fences'
  | 'version'

/** Where the state tables are. */
export interface StatePlace {
  readonly label: string
  /** The database of the URL: users of MySQL seldom may make one of their own. */
  readonly database: string
}

/** What the server can do, asked once. */
export type StateDialect = () => Promise<ServerFacts>

const HASH = 'char(64) character set ascii collate ascii_bin NOT NULL'
const MOMENT = 'datetime(6) NOT NULL'

// Names of flows and lanes may be of any length and end with spaces, which MySQL's keys take for equal: the hash is the key.
const TABLES: Readonly<Record<StateTable, string>> = {
  checkpoints: `flow_hash ${HASH}, lane_hash ${HASH}, flow text NOT NULL, lane mediumtext NOT NULL,
    position mediumtext NOT NULL, updated_at ${MOMENT}, PRIMARY KEY (flow_hash, lane_hash)`,
  dead_letters: `flow_hash ${HASH}, item_hash ${HASH}, id varchar(16) character set ascii collate ascii_bin NOT NULL,
    flow text NOT NULL, item_key mediumtext NOT NULL, lane mediumtext NOT NULL, stage varchar(20) NOT NULL,
    code text NOT NULL, reason mediumtext NOT NULL, payload longtext NOT NULL, encoding varchar(10) NOT NULL,
    headers longtext NOT NULL, origin longtext, position mediumtext, attempts int NOT NULL, state varchar(20) NOT NULL,
    first_at ${MOMENT}, last_at ${MOMENT}, PRIMARY KEY (flow_hash, item_hash), KEY by_age (flow_hash, first_at, id)`,
  conflicts: `flow_hash ${HASH}, hash ${HASH}, flow text NOT NULL, table_name text NOT NULL, key_values longtext NOT NULL,
    incoming longtext NOT NULL, existing longtext NOT NULL, decision varchar(20) NOT NULL, times bigint NOT NULL,
    first_at ${MOMENT}, last_at ${MOMENT}, PRIMARY KEY (flow_hash, hash)`,
  runs: `flow_hash ${HASH}, run_hash ${HASH}, flow text NOT NULL, run text NOT NULL, started_at ${MOMENT},
    heartbeat_at ${MOMENT}, record longtext NOT NULL, PRIMARY KEY (flow_hash, run_hash)`,
  check_runs: `id varchar(32) character set ascii collate ascii_bin NOT NULL PRIMARY KEY, flow_hash ${HASH},
    flow text NOT NULL, kind varchar(20) NOT NULL, started_at ${MOMENT}, heartbeat_at ${MOMENT}, ended_at datetime(6),
    verdict varchar(20), exit_code int, differences bigint NOT NULL, subject longtext NOT NULL, found longtext NOT NULL,
    outcome longtext, KEY by_time (started_at, id), KEY by_flow (flow_hash, started_at, id)`,
  check_findings: `run_id varchar(32) character set ascii collate ascii_bin NOT NULL, number int NOT NULL,
    kind varchar(20) NOT NULL, key_values longtext NOT NULL, details longtext NOT NULL, PRIMARY KEY (run_id, number)`,
  feed_runs: `flow_hash ${HASH}, id varchar(32) character set ascii collate ascii_bin NOT NULL, flow text NOT NULL,
    started_at ${MOMENT}, summary longtext NOT NULL, rejections longtext NOT NULL, PRIMARY KEY (flow_hash, id),
    KEY by_time (flow_hash, started_at, id)`,
  // The id sorts by time.
  event_log: `id varchar(40) character set ascii collate ascii_bin NOT NULL PRIMARY KEY, flow_hash ${HASH}, flow text NOT NULL,
    event varchar(40) NOT NULL, level varchar(10) NOT NULL, at ${MOMENT}, last_at ${MOMENT}, times bigint NOT NULL,
    message text NOT NULL, code text, subject text, KEY by_flow (flow_hash, id)`,
  // Without a holder it was given back.
  leases: `flow_hash ${HASH} PRIMARY KEY, flow text NOT NULL, epoch bigint NOT NULL, holder text, instance text, since ${MOMENT},
    expires_at ${MOMENT}`,
  fences: `flow_hash ${HASH} PRIMARY KEY, flow text NOT NULL, epoch bigint NOT NULL`,
  version: 'only_row tinyint NOT NULL PRIMARY KEY, version int NOT NULL',
}

const NAMES = Object.keys(TABLES).map((table) => `lockstep_${table}`)

/** A state table for a `sql` template: `` `app`.`lockstep_runs` ``. */
export function stateTable(place: StatePlace, table: StateTable): SQL {
  return sql.raw(qualified(place.database, `lockstep_${table}`))
}

/** What stands for a flow, a lane or a run in a key. */
export function keyHash(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

/** Statements that create what is missing; they may be run by hand, by a user that has the right to. */
export function stateDdl(database: string): readonly string[] {
  const tables = Object.entries(TABLES).map(
    ([table, columns]) =>
      `CREATE TABLE IF NOT EXISTS ${qualified(database, `lockstep_${table}`)} (${columns}) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`,
  )
  return [...tables, ...markers(database)]
}

/** Last, as the marker must not say more than was done: no statement about tables can be undone. Versions 2 to 5 brought tables only. */
function markers(database: string): readonly string[] {
  const version = qualified(database, 'lockstep_version')
  return [
    `INSERT IGNORE INTO ${version} (only_row, version) VALUES (1, ${STATE_VERSION})`,
    `UPDATE ${version} SET version = ${STATE_VERSION} WHERE version < ${STATE_VERSION}`,
  ]
}

/** The least rights on existing state tables. */
export function stateGrants(database: string, user: string): readonly string[] {
  return NAMES.map((name) => {
    const rights = name === 'lockstep_version' ? 'SELECT' : 'SELECT, INSERT, UPDATE, DELETE'
    return `GRANT ${rights} ON ${qualified(database, name)} TO ${user}`
  })
}

/** Creates what is missing and brings older tables up to date, as often and at as many places at once as one likes. */
export async function prepareState(session: Session, place: StatePlace, signal: AbortSignal): Promise<void> {
  const options = { signal, what: 'preparing the state tables' }
  if ((await lookupState(session, place, options)) === 'ready') return
  await create(session, place, options)
}

/** `missing`: not all tables are there. `older`: an older release made them. Throws `ConfigError` when a newer one did. */
export async function lookupState(
  session: Session,
  place: StatePlace,
  options: ExecuteOptions,
): Promise<'ready' | 'missing' | 'older'> {
  const found = await tablesOf(session, place, options)
  const version = found.has('lockstep_version') ? await readVersion(session, place, options) : undefined
  if (version !== undefined && version > STATE_VERSION) throw newerState(place, version)
  if (version !== undefined && version < STATE_VERSION) return 'older'
  return found.size < NAMES.length || version === undefined ? 'missing' : 'ready'
}

const Found = z.array(z.object({ name: z.string() }))

/** Tables on which this user has no right at all are missing too: MySQL does not tell the difference. */
async function tablesOf(session: Session, place: StatePlace, options: ExecuteOptions): Promise<ReadonlySet<string>> {
  const names = sql.join(
    NAMES.map((name) => sql`${name}`),
    sql`, `,
  )
  const rows = await session.execute(
    sql`select table_name as name from information_schema.tables
        where table_schema = ${place.database} and table_name in (${names})`,
    options,
  )
  return new Set(Found.parse(rows).map(({ name }) => name))
}

async function create(session: Session, place: StatePlace, options: ExecuteOptions): Promise<void> {
  try {
    for (const statement of stateDdl(place.database)) await session.change(sql.raw(statement), options)
  } catch (cause) {
    if (cause instanceof LockstepError && cause.code === 'permission-denied') throw mayNotCreate(place, cause)
    throw cause
  }
}

const Version = z.object({ version: z.coerce.number() })

async function readVersion(session: Session, place: StatePlace, options: ExecuteOptions): Promise<number | undefined> {
  const [row] = await session.execute(sql`select version from ${stateTable(place, 'version')}`, options)
  return row === undefined ? undefined : Version.parse(row).version
}

/** Tables of a newer release may mean what this one cannot know. */
function newerState(place: StatePlace, version: number): ConfigError {
  return new ConfigError({
    code: 'state-version',
    key: place.label,
    message: `the state tables (lockstep_...) have version ${version}; this lockstep knows version ${STATE_VERSION}`,
    fix: 'Use the lockstep release that made them, or a newer one.',
  })
}

function mayNotCreate(place: StatePlace, cause: unknown): ConfigError {
  const statements = [...stateDdl(place.database), ...stateGrants(place.database, '<user>')]
  return new ConfigError({
    code: 'state-missing',
    key: place.label,
    message:
      'the state tables (lockstep_...) are missing or of an older release, and the user of the URL may not create them',
    fix: `GRANT CREATE ON ${identifier(place.database)}.* TO <user>; or run as a user that may:\n${statements.join(';\n')};`,
    cause,
  })
}
