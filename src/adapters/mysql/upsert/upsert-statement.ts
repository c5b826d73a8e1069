import type { MysqlTableInfo } from '../catalog/catalog.js'
import type { MysqlColumn } from '../catalog/catalog-queries.js'
import { identifier } from '../catalog/identifiers.js'
import type { RowAlias } from '../session/row-alias.js'
import type { UpsertColumn } from './upsert-column.js'

/** The columns of a statement. What its rows do not carry has a value from Drizzle (`$default`, `$onUpdate`). */
export interface StatementColumns {
  readonly columns: readonly UpsertColumn[]
  /** Properties that the rows carry. */
  readonly carried: ReadonlySet<string>
}

/** What comes before and after the rows. */
export interface UpsertStatement {
  readonly head: string
  readonly tail: string
}

/**
 * `insert into t (...) values (...), ... on duplicate key update c = if(newer, values(c), t.c), ..., version = ...`. The
 * server takes the rows one by one, each over what those before it left, so a key may be in it more than once. It also
 * takes the assignments one by one, each over what those before it left: the version, which all of them ask for, is last.
 */
export function upsertStatement(
  info: MysqlTableInfo,
  { columns, carried }: StatementColumns,
  alias: RowAlias,
): UpsertStatement {
  const names = columns.map(({ column }) => identifier(column.name)).join(', ')
  const head = `insert into ${info.qualified} (${names}) values `
  const given = columns.filter(({ key, property }) => !key && carried.has(property))
  const version = info.version
  const versioned = version !== undefined && given.some(({ column }) => column.name === version.name)
  // A row that does not carry the version is never newer.
  const settable =
    given.length === 0 || (version !== undefined && !versioned)
      ? []
      : columns.filter((column) => given.includes(column) || (!column.key && column.updateDefault !== undefined))
  const ordered = [
    ...settable.filter(({ column }) => column.name !== version?.name),
    ...settable.filter(({ column }) => column.name === version?.name),
  ]
  const newer = version === undefined ? undefined : isNewer(info, version, alias)
  const changes = ordered.map(({ column: { name } }) => {
    const stored = `${info.qualified}.${identifier(name)}`
    const incoming = alias.incoming(name)
    return `${stored} = ${newer === undefined ? incoming : `if(${newer}, ${incoming}, ${stored})`}`
  })
  return { head, tail: `${alias.clause} on duplicate key update ${changes.join(', ') || nothing(info)}` }
}

/** No version is older than any. */
function isNewer({ qualified }: MysqlTableInfo, { name, nullable }: MysqlColumn, alias: RowAlias): string {
  const stored = `${qualified}.${identifier(name)}`
  const incoming = alias.incoming(name)
  const greater = `${incoming} > ${stored}`
  return nullable ? `ifnull(${greater}, ${stored} is null and ${incoming} is not null)` : greater
}

function nothing({ key, qualified }: MysqlTableInfo): string {
  const stored = `${qualified}.${identifier(key[0]?.name ?? '')}`
  return `${stored} = ${stored}`
}
