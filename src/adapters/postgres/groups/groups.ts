import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { GrantList } from '../../../core/diagnosis.js'
import type { GroupReader, GroupSnapshot } from '../../../core/groups.js'
import { HeldTransaction } from '../../sql/held-transaction.js'
import { quotedRole, quoteIdentifier } from '../catalog/identifiers.js'
import type { PostgresHandle } from '../handle.js'
import type { Session, TransactionOptions } from '../session/session.js'
import { type Asked, describeGroups } from './describe-groups.js'
import type { PostgresGroupColumn } from './group-column.js'
import { type Lane, PostgresGroupSnapshot } from './group-snapshot.js'

/** Connections of one snapshot, for columns with an index and for those that are sorted. */
const LANES = { indexed: 4, sorted: 2 }
/** How long the other databases may take while a lane waits. */
const IDLE_MS = 1_800_000

/** Reads the catalog for all requests. */
export async function openGroups(
  database: PostgresHandle,
  asked: readonly Asked[],
  signal: AbortSignal,
): Promise<GroupReader> {
  const options = { isolation: 'repeatable read', readOnly: true, what: 'reading the catalog', signal } as const
  const { columns, name } = await database.session.transaction(async (session) => {
    const described: PostgresGroupColumn[] = []
    for (const one of asked) described.push(await describeGroups(session, one))
    const [found] = Name.parse(await session.execute(sql`select current_database()::text as name`))
    return { columns: described, name: found.name }
  }, options)
  return {
    columns,
    snapshot: (use, during) => takeSnapshot(database, { columns, use }, during),
    grants: (role) => grantsOf(database, { columns, name, role }),
  }
}

const Name = z.tuple([z.object({ name: z.string() })])

async function takeSnapshot(
  database: PostgresHandle,
  { columns, use }: { readonly columns: readonly PostgresGroupColumn[]; readonly use: 'whole' | 'keys' },
  signal: AbortSignal,
): Promise<GroupSnapshot> {
  const { kinds, laneOf } = use === 'whole' ? shareOut(columns) : { kinds: [], laneOf: columns.map(() => 0) }
  const lanes: Lane[] = []
  try {
    const [first = 'indexed', ...others] = kinds
    const leader = await openLane(database, { kind: first, snapshot: undefined, signal })
    lanes.push(leader)
    const snapshot = others.length === 0 ? '' : await leader.transaction.run((session) => exported(session))
    const opened = await Promise.allSettled(others.map((kind) => openLane(database, { kind, snapshot, signal })))
    for (const one of opened) if (one.status === 'fulfilled') lanes.push(one.value)
    for (const one of opened) if (one.status === 'rejected') throw one.reason
    return new PostgresGroupSnapshot(columns, lanes, laneOf)
  } catch (error) {
    await Promise.all(lanes.map((lane) => lane.close()))
    throw error
  }
}

type LaneKind = keyof typeof LANES

/** Columns of one kind share its lanes in turn. */
function shareOut(columns: readonly PostgresGroupColumn[]): {
  readonly kinds: readonly LaneKind[]
  readonly laneOf: readonly number[]
} {
  const kinds: LaneKind[] = []
  const lanes: Record<LaneKind, number[]> = { indexed: [], sorted: [] }
  const used: Record<LaneKind, number> = { indexed: 0, sorted: 0 }
  const laneOf = columns.map(({ indexed }) => {
    const kind = indexed ? 'indexed' : 'sorted'
    const own = lanes[kind]
    if (own.length < LANES[kind]) own.push(kinds.push(kind) - 1)
    const lane = own[used[kind] % own.length] ?? 0
    used[kind] += 1
    return lane
  })
  return { kinds, laneOf }
}

interface LaneOptions {
  readonly kind: LaneKind
  /** `undefined`: a new one. */
  readonly snapshot: string | undefined
  readonly signal: AbortSignal
}

async function openLane(database: PostgresHandle, { kind, snapshot, signal }: LaneOptions): Promise<Lane> {
  const connection = database.connect('check')
  const options: TransactionOptions = {
    isolation: 'repeatable read',
    readOnly: true,
    signal,
    what: 'taking a snapshot',
  }
  try {
    const transaction = await HeldTransaction.open<Session>(
      (work) => connection.transaction(work, options),
      async (session) => {
        if (snapshot !== undefined) await session.execute(sql.raw(`set transaction snapshot '${snapshot}'`))
        await session.execute(
          sql`select set_config(name, value, true) from (values ${settings(kind)}) as s (name, value)`,
        )
      },
    )
    const close = async (): Promise<void> => {
      await transaction.close()
      await connection[Symbol.asyncDispose]()
    }
    return { transaction, close }
  } catch (error) {
    await connection[Symbol.asyncDispose]()
    throw error
  }
}

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

function settings(kind: LaneKind) {
  const all = {
    ...SETTINGS[kind],
    jit: 'off',
    client_connection_check_interval: '1s',
    idle_in_transaction_session_timeout: String(IDLE_MS),
  }
  return sql.join(
    Object.entries(all).map(([name, value]) => sql`(${name}, ${value})`),
    sql`, `,
  )
}

const Exported = z.tuple([z.object({ snapshot: z.string().regex(/^[0-9A-Fa-f-]+$/) })])

async function exported(session: Session): Promise<string> {
  const [{ snapshot }] = Exported.parse(await session.execute(sql`select pg_export_snapshot() as snapshot`))
  return snapshot
}

interface Granted {
  readonly columns: readonly PostgresGroupColumn[]
  /** Of the database. */
  readonly name: string
  readonly role: string
}

function grantsOf(database: PostgresHandle, { columns, name, role }: Granted): GrantList {
  const to = quotedRole(role)
  const lines = [
    `GRANT CONNECT ON DATABASE ${quoteIdentifier(name)} TO ${to};`,
    ...columns.map(({ schemaName }) => `GRANT USAGE ON SCHEMA ${quoteIdentifier(schemaName)} TO ${to};`),
    ...columns.map(({ qualified }) => `GRANT SELECT ON TABLE ${qualified} TO ${to};`),
  ]
  return { database: database.label, statements: [...new Set(lines)] }
}
