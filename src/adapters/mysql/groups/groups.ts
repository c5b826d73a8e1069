import { sql } from 'drizzle-orm'
import type { GrantList } from '../../../core/diagnosis.js'
import type { GroupReader, GroupSnapshot } from '../../../core/groups.js'
import { quotedUser } from '../catalog/identifiers.js'
import type { MysqlHandle } from '../handle.js'
import type { ReadPass } from '../session/read-pass.js'
import { type Asked, describeGroups } from './describe-groups.js'
import { diagnoseColumns } from './diagnose-groups.js'
import type { MysqlGroupColumn } from './group-column.js'
import { MysqlGroupSnapshot } from './group-snapshot.js'

/** Connections of one snapshot for columns with an index; each that is sorted has one of its own. */
const INDEXED_LANES = 3
/** Bytes of the keys of one batch. */
const LIST_BYTES = 64 << 20

/** Reads the catalog for all requests. */
export async function openGroups(
  database: MysqlHandle,
  asked: readonly Asked[],
  signal: AbortSignal,
): Promise<GroupReader> {
  const columns = await database.session.transaction(
    async (session) => {
      const described: MysqlGroupColumn[] = []
      for (const one of asked) described.push(await describeGroups(session, one))
      return described
    },
    { readOnly: true, what: 'reading the catalog', signal },
  )
  return {
    columns,
    snapshot: (use, during, held) => {
      held?.lost()
      return takeSnapshot(database, { columns, use }, during)
    },
    grants: (role) => grantsOf(database, columns, role),
    diagnose: (during) => diagnoseColumns(database, columns, during),
  }
}

/**
 * MySQL cannot give the snapshot of one connection to another, so they are all taken at the same moment, but for what the
 * network adds. A key is never judged by that alone: what differs is looked at again.
 */
async function takeSnapshot(
  database: MysqlHandle,
  { columns, use }: { readonly columns: readonly MysqlGroupColumn[]; readonly use: 'whole' | 'keys' },
  given: AbortSignal,
): Promise<GroupSnapshot> {
  const over = new AbortController()
  const signal = AbortSignal.any([given, over.signal])
  const { passOf, passes: wanted } = use === 'whole' ? shareOut(columns) : { passes: 1, passOf: columns.map(() => 0) }
  const open = async (): Promise<ReadPass> => database.pass({ what: 'counting references', signal })
  const opened = await Promise.allSettled(Array.from({ length: wanted }, open))
  const passes = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  try {
    for (const one of opened) if (one.status === 'rejected') throw one.reason
    const setting = sql.raw(`set session group_concat_max_len = ${LIST_BYTES}`)
    await Promise.all(passes.map((pass) => pass.execute(setting)))
    return new MysqlGroupSnapshot({ columns, passes, passOf, abort: () => over.abort() })
  } catch (error) {
    await Promise.all(passes.map((pass) => pass[Symbol.asyncDispose]()))
    throw error
  }
}

function shareOut(columns: readonly MysqlGroupColumn[]): {
  readonly passes: number
  readonly passOf: readonly number[]
} {
  const indexed = columns.filter((column) => column.indexed).length
  const lanes = Math.min(INDEXED_LANES, indexed)
  let passes = lanes
  let turn = 0
  const passOf = columns.map((column) => {
    if (column.indexed) return turn++ % lanes
    passes += 1
    return passes - 1
  })
  return { passes, passOf }
}

function grantsOf(database: MysqlHandle, columns: readonly MysqlGroupColumn[], role: string): GrantList {
  const user = quotedUser(role)
  const statements = columns.map(({ qualified }) => `GRANT SELECT ON ${qualified} TO ${user};`)
  return { database: database.label, statements: [...new Set(statements)] }
}
