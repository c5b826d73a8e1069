import { z } from 'zod'
import { ConfigError } from '../../../core/errors.js'
import type { GroupRange, GroupReader, GroupSnapshot, Groups } from '../../../core/groups.js'
import type { Row } from '../../../core/table.js'
import { parseIntegerList } from '../../sql/integer-list.js'
import { Pace } from '../../sql/pace.js'
import type { SqliteHandle } from '../handle.js'
import type { Snapshot, SqliteRow } from '../session/session.js'
import { type Asked, describeGroups } from './describe-groups.js'
import { diagnoseColumns } from './diagnose-groups.js'
import {
  keysetStatement,
  literalOf,
  lookupStatement,
  pageStatement,
  rowsStatement,
  type SqliteGroupColumn,
  sortedStatement,
} from './group-column.js'

/** libsql works on the event loop, so a statement is short. */
const PACE = { targetMs: 50, first: 2_000, least: 200, most: 20_000 }
const PAGE = 10_000

const Columnar = z.tuple([
  z.object({ k: z.string().nullable(), n: z.string().nullable(), c: z.coerce.number(), bad: z.coerce.number() }),
])

/** Reads the catalog for all requests. */
export async function openGroups(
  database: SqliteHandle,
  asked: readonly Omit<Asked, 'snapshot'>[],
  signal: AbortSignal,
): Promise<GroupReader> {
  const columns: SqliteGroupColumn[] = []
  await using catalog = await database.snapshot({ what: 'reading the catalog', signal })
  for (const one of asked) columns.push(await describeGroups({ ...one, snapshot: catalog }, signal))
  return {
    columns,
    snapshot: async (_, during, held) => {
      held?.lost()
      const snapshot = await database.snapshot({ what: 'taking a snapshot', signal: during })
      // It begins with its first statement.
      await snapshot.execute('select count(*) from sqlite_schema', [], { what: 'taking a snapshot', signal: during })
      return new SqliteGroupSnapshot(columns, snapshot)
    },
    // SQLite has no rights but those on the file and its folder.
    grants: () => ({ database: database.label, statements: [] }),
    diagnose: (during) => diagnoseColumns(database, columns, during),
  }
}

class SqliteGroupSnapshot implements GroupSnapshot {
  readonly #columns: readonly SqliteGroupColumn[]
  readonly #snapshot: Snapshot

  constructor(columns: readonly SqliteGroupColumn[], snapshot: Snapshot) {
    this.#columns = columns
    this.#snapshot = snapshot
  }

  groups(index: number, range: GroupRange, signal: AbortSignal): AsyncIterable<Groups> {
    return this.#column(index).indexed ? this.#keyset(index, range, signal) : this.#sorted(index, range, signal)
  }

  async lookup(index: number, keys: readonly string[], signal: AbortSignal): Promise<Groups> {
    const column = this.#column(index)
    const literals = keys.map((key) => literalOf(column, key)).filter((literal) => literal !== undefined)
    if (literals.length === 0) return { keys: [], values: [] }
    return this.#read(column, lookupStatement(column, literals), signal)
  }

  async rows(
    index: number,
    key: string,
    { limit, signal }: { readonly limit: number; readonly signal: AbortSignal },
  ): Promise<readonly Row[]> {
    const column = this.#column(index)
    const literal = literalOf(column, key)
    if (literal === undefined) return []
    const rows = await this.#execute(rowsStatement(column, literal, limit), signal)
    return rows.map((row) => column.rowKey.map((_, place) => Cell.parse(row[`c${place}`])))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#snapshot[Symbol.asyncDispose]()
  }

  async *#keyset(index: number, range: GroupRange, signal: AbortSignal): AsyncGenerator<Groups> {
    const column = this.#column(index)
    const pace = new Pace(PACE)
    for (let { after } = range; ; ) {
      const limit = pace.size
      const startedAt = performance.now()
      const groups = await this.#read(column, keysetStatement(column, { ...range, after, limit }), signal)
      pace.took(performance.now() - startedAt)
      if (groups.keys.length > 0) yield groups
      if (groups.keys.length < limit) return
      after = String(groups.keys[groups.keys.length - 1])
    }
  }

  async *#sorted(index: number, range: GroupRange, signal: AbortSignal): AsyncGenerator<Groups> {
    const column = this.#column(index)
    const name = `lockstep_groups_${index}`
    await this.#execute(`drop table if exists temp.${name}`, signal)
    await this.#execute(sortedStatement(column, name, range), signal)
    for (let after = 0; ; after += PAGE) {
      const groups = await this.#read(column, pageStatement(column, name, { after, limit: PAGE }), signal)
      if (groups.keys.length > 0) yield groups
      if (groups.keys.length < PAGE) return
    }
  }

  async #read(column: SqliteGroupColumn, statement: string, signal: AbortSignal): Promise<Groups> {
    const [{ k, n, c: count, bad }] = Columnar.parse(await this.#execute(statement, signal))
    if (bad > 0) throw mixed(column)
    if (count === 0) return { keys: [], values: [] }
    const list = n ?? ''
    const values =
      parseIntegerList(list, { count }) ?? list.split(',').map((value) => (value === 'NULL' ? null : value))
    // No key at all but the empty text is printed as nothing.
    const printed = k ?? ''
    if (column.order === 'number') {
      return { keys: parseIntegerList(printed, { count }) ?? printed.split(','), values }
    }
    const hex = printed.split(',')
    return { keys: column.order === 'bytes' ? hex : hex.map((key) => Buffer.from(key, 'hex').toString('utf8')), values }
  }

  async #execute(statement: string, signal: AbortSignal): Promise<readonly SqliteRow[]> {
    return (await this.#snapshot.execute(statement, [], { what: 'counting references', signal })).rows
  }

  #column(index: number): SqliteGroupColumn {
    const column = this.#columns[index]
    if (column === undefined) throw new RangeError(`there is no column ${index}`)
    return column
  }
}

const Cell = z.string().nullable()

function mixed({ label, name, stored }: SqliteGroupColumn): ConfigError {
  return new ConfigError({
    code: 'column-mixed-types',
    key: name,
    message: `${label} holds keys that are not of the type ${stored}, or numbers that are no integers: they have no common order`,
    fix: `find them with typeof(...) and correct them, or leave them out with { where: "typeof(...) = '${stored}'" }`,
  })
}
