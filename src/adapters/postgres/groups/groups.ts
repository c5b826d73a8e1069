import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { GrantList } from '../../../core/diagnosis.js'
import type { GroupReader, GroupSnapshot } from '../../../core/groups.js'
import type { SharedSnapshot } from '../../../core/key-range.js'
import { quotedRole, quoteIdentifier } from '../catalog/identifiers.js'
import { SnapshotGone } from '../digest/read-pass.js'
import type { PostgresHandle } from '../handle.js'
import { exportSnapshot, type Lane, type LaneOptions, openLane } from '../snapshot-lane.js'
import { type Asked, describeGroups } from './describe-groups.js'
import { diagnoseColumns } from './diagnose-groups.js'
import type { PostgresGroupColumn } from './group-column.js'
import { PostgresGroupSnapshot } from './group-snapshot.js'
import { type LaneKind, laneSettings } from './lane-settings.js'

/** Connections of one snapshot, for columns with an index and for those that are sorted. */
const LANES: Readonly<Record<LaneKind, number>> = { indexed: 4, sorted: 2 }

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
    snapshot: (use, during, held) => takeSnapshot(database, { columns, use, held }, during),
    grants: (role) => grantsOf(database, { columns, name, role }),
    diagnose: (during) => diagnoseColumns(database, columns, during),
  }
}

const Name = z.tuple([z.object({ name: z.string() })])

interface Taken {
  readonly columns: readonly PostgresGroupColumn[]
  readonly use: 'whole' | 'keys'
  /** The moment to be read, where somebody holds one. */
  readonly held: SharedSnapshot | undefined
}

async function takeSnapshot(
  database: PostgresHandle,
  { columns, use, held }: Taken,
  signal: AbortSignal,
): Promise<GroupSnapshot> {
  const { kinds, laneOf } = use === 'whole' ? shareOut(columns) : { kinds: [], laneOf: columns.map(() => 0) }
  const lanes: Lane[] = []
  try {
    const [first = 'indexed', ...others] = kinds
    const leader = await openLeader(database, { kind: first, signal }, held)
    lanes.push(leader)
    const snapshot = others.length === 0 ? '' : await leader.transaction.run(exportSnapshot)
    const opened = await Promise.allSettled(others.map((kind) => openGroupLane(database, { kind, snapshot, signal })))
    for (const one of opened) if (one.status === 'fulfilled') lanes.push(one.value)
    for (const one of opened) if (one.status === 'rejected') throw one.reason
    return new PostgresGroupSnapshot(columns, lanes, laneOf)
  } catch (error) {
    await Promise.all(lanes.map((lane) => lane.close()))
    throw error
  }
}

/** A snapshot that is gone, or of another server, is done without. */
async function openLeader(
  database: PostgresHandle,
  options: { readonly kind: LaneKind; readonly signal: AbortSignal },
  held: SharedSnapshot | undefined,
): Promise<Lane> {
  try {
    return await openGroupLane(database, { ...options, snapshot: held?.name })
  } catch (error) {
    if (!(error instanceof SnapshotGone)) throw error
    held?.lost()
    return openGroupLane(database, { ...options, snapshot: undefined })
  }
}

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

function openGroupLane(
  database: PostgresHandle,
  { kind, ...options }: { readonly kind: LaneKind } & Pick<LaneOptions, 'snapshot' | 'signal'>,
): Promise<Lane> {
  return openLane(database, { purpose: 'check', settings: laneSettings(kind), ...options })
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
