import { type SQL, sql } from 'drizzle-orm'
import type { PostgresColumn, PostgresTableInfo } from '../catalog/catalog.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import { isCollated } from '../catalog/types.js'
import { unnestedNames, unnestedValues } from '../rows/columnar-sql.js'
import type { ArrayParameter } from './column-literal.js'
import type { Hope } from './hope.js'
import type { UpsertColumn } from './upsert-column.js'

/** The columns of a statement. What its rows do not carry has a value from Drizzle (`$default`, `$onUpdate`). */
export interface StatementColumns {
  readonly columns: readonly UpsertColumn[]
  /** Properties that the rows carry. */
  readonly carried: ReadonlySet<string>
}

/** One row of each key, or any number of rows of each; `new`: one of each, and none of them is stored. */
export type Keys = 'new' | 'once' | 'repeated'

/**
 * `insert into t (...) select ... from unnest($1::uuid[], ...) order by key on conflict (key) do update ...`: rows are
 * locked in the order of their keys. Of rows with one key the newest version counts and of these the first, as if each
 * were written by itself; without a version the last. A row that does not carry the version is never newer.
 */
export class UpsertStatement {
  /** Shared by all statements of a table. */
  readonly hope: Hope
  readonly #types: readonly SQL[]
  readonly #parts: Readonly<Record<Keys | 'order', Part>>

  constructor(info: PostgresTableInfo, columns: StatementColumns, hope: Hope) {
    this.hope = hope
    const described = columns.columns.map(({ column }) => column)
    this.#types = described.map(({ transport, cast }) => sql.raw(transport === 'native' ? `::${cast}[]` : '::text[]'))
    const head = `insert into ${info.qualified} as t (${names(described)})${overriding(described)} select ${unnestedValues(described).join(', ')} from`
    const rows = unnestedNames(described)
    const key = orderedKey(info, described)
    const conflict = `on conflict (${info.schema.key.map(quoteIdentifier).join(', ')}) do ${action(info, columns)}`
    const newest = newestFirst(info, described)
    this.#parts = {
      new: sideBySide({ head, tail: `order by ${key}` }, described.length),
      once: sideBySide({ head, tail: `order by ${key} ${conflict}` }, described.length),
      repeated: numbered({
        head: `${head} (select distinct on (${key}) u.* from`,
        tail: `as u(${rows}, place) order by ${key}, ${newest}) as u ${conflict}`,
      }),
      order: numbered({
        head: 'select (u.place - 1)::int4 as place from',
        tail: `as u(${rows}, place) order by ${key}, u.place`,
      }),
    }
  }

  /** `arrays`: one for each column. */
  query(arrays: readonly ArrayParameter[], keys: Keys): SQL {
    return this.#query(arrays, keys)
  }

  /** Changes nothing: answers the `place` (from 0) of each row, in the order in which `query` locks the rows. */
  orderQuery(arrays: readonly ArrayParameter[]): SQL {
    return this.#query(arrays, 'order')
  }

  #query(arrays: readonly ArrayParameter[], part: Keys | 'order'): SQL {
    const { head, between, tail } = this.#parts[part]
    const parameters = arrays.map((array, index) =>
      index === 0
        ? sql`${sql.param(array)}${this.#types[index]}`
        : sql`${between(index)}${sql.param(array)}${this.#types[index]}`,
    )
    return sql`${head}${sql.join(parameters)}${tail}`
  }
}

/** A statement's text around its arrays. */
interface Part {
  readonly head: SQL
  /** Before the array at `index`, from 1 on. */
  between(index: number): SQL
  readonly tail: SQL
}

interface Around {
  readonly head: string
  readonly tail: string
}

/**
 * `(select unnest($1) as c0, unnest($2) as c1) as u`. The same rows as `unnest($1, $2)` in FROM, which keeps each array in
 * a store of its own first and takes half a microsecond longer for a row of five columns.
 */
function sideBySide({ head, tail }: Around, columns: number): Part {
  const between = Array.from({ length: columns }, (_, index) => sql.raw(`) as c${index - 1}, unnest(`))
  return {
    head: sql.raw(`${head} (select unnest(`),
    between: (index) => between[index] ?? COMMA,
    tail: sql.raw(`) as c${columns - 1}) as u ${tail}`),
  }
}

function numbered({ head, tail }: Around): Part {
  return { head: sql.raw(`${head} unnest(`), between: () => COMMA, tail: sql.raw(`) with ordinality ${tail}`) }
}

const COMMA = sql.raw(', ')

function names(columns: readonly PostgresColumn[]): string {
  return columns.map(({ name }) => quoteIdentifier(name)).join(', ')
}

function overriding(columns: readonly PostgresColumn[]): string {
  return columns.some(({ identityAlways }) => identityAlways) ? ' overriding system value' : ''
}

/** A value of `u` in the column's type, in an order that all servers and statements share. */
function ordered(columns: readonly PostgresColumn[], name: string): string {
  const index = columns.findIndex((column) => column.name === name)
  const column = columns[index]
  if (column === undefined) throw new RangeError(`the statement does not write column ${name}`)
  return `${unnestedValues(columns)[index]}${isCollated(column.facts) ? ' collate "C"' : ''}`
}

function orderedKey({ schema }: PostgresTableInfo, columns: readonly PostgresColumn[]): string {
  return schema.key.map((name) => ordered(columns, name)).join(', ')
}

function newestFirst({ versionColumn }: PostgresTableInfo, columns: readonly PostgresColumn[]): string {
  if (versionColumn === undefined) return 'u.place desc'
  if (!columns.some(({ name }) => name === versionColumn.name)) return 'u.place'
  return `${ordered(columns, versionColumn.name)} desc nulls last, u.place`
}

function action({ versionColumn }: PostgresTableInfo, { columns, carried }: StatementColumns): string {
  const free = columns.filter(({ key, column }) => !key && !column.identityAlways)
  const given = free.filter(({ property }) => carried.has(property))
  const versioned = given.some(({ column }) => column.name === versionColumn?.name)
  if (given.length === 0 || (versionColumn !== undefined && !versioned)) return 'nothing'
  const settable = free.filter((column) => given.includes(column) || column.updateDefault !== undefined)
  const changes = settable.map(({ column: { name } }) => `${quoteIdentifier(name)} = excluded.${quoteIdentifier(name)}`)
  return `update set ${changes.join(', ')} where ${condition(versionColumn, given)}`
}

function condition(version: PostgresColumn | undefined, given: readonly UpsertColumn[]): string {
  if (version === undefined) return differs(given.map(({ column }) => column))
  const name = quoteIdentifier(version.name)
  const collation = isCollated(version.facts) ? ' collate "C"' : ''
  return `t.${name}${collation} < excluded.${name}${collation} or (t.${name} is null and excluded.${name} is not null)`
}

/** A message that comes again must not make a new version of its row, where equality can tell that it is the same. */
function differs(columns: readonly PostgresColumn[]): string {
  if (!columns.every(({ hashable }) => hashable)) return 'true'
  return columns
    .map(({ name }) => quoteIdentifier(name))
    .map((name) => `t.${name} is distinct from excluded.${name}`)
    .join(' or ')
}
