import { createHash } from 'node:crypto'
import type { RepairColumn, RowChange } from '../../../core/repair.js'
import type { Row } from '../../../core/table.js'
import { GUARD_CHARACTERS, joined, type Statement, type Value } from '../../sql/statement.js'
import type { PostgresColumn, PostgresTableInfo } from '../catalog/catalog.js'
import { quoteIdentifier, quoteLiteral } from '../catalog/identifiers.js'
import { wantedText } from './wanted-text.js'

type Sql = Statement<string | null>

/** What is repaired: `info` has its columns in the order of `columns`. */
export interface Repaired {
  readonly info: PostgresTableInfo
  readonly columns: readonly RepairColumn[]
}

/** A change as one statement, which does nothing where the row is not as it was held. */
export function changeStatement(table: Repaired, change: RowChange): Sql {
  const { info, columns } = table
  const wanted = (row: Row, at: number): Value<string | null> => {
    const [column, text] = [info.columns[at], row[at] ?? null]
    return value(
      text === null || column === undefined ? null : wantedText(column, columns[at]?.given ?? 'native', text),
    )
  }
  switch (change.kind) {
    case 'insert': {
      const names = info.columns.map(({ name }) => quoteIdentifier(name)).join(', ')
      const overriding = info.columns.some((column) => column.identityAlways) ? ' OVERRIDING SYSTEM VALUE' : ''
      const values = info.columns.map((_, at): Sql => [wanted(change.wanted, at)])
      const key = info.keyColumns.map(({ name }) => quoteIdentifier(name)).join(', ')
      return [
        `INSERT INTO ${info.qualified} (${names})${overriding} VALUES (`,
        ...joined(values, ', '),
        `) ON CONFLICT (${key}) DO NOTHING`,
      ]
    }
    case 'update': {
      const sets = change.set.map(
        (at): Sql => [`${quoteIdentifier(info.columns[at]?.name ?? '')} = `, wanted(change.wanted, at)],
      )
      return [`UPDATE ${info.qualified} SET `, ...joined(sets, ', '), ' WHERE ', ...guard(info, change.held.exact)]
    }
    case 'delete':
      return [`DELETE FROM ${info.qualified} WHERE `, ...guard(info, change.held.exact)]
  }
}

/** All of a value as text; what a literal of the column reads back. */
export function exactText({ name }: PostgresColumn, table: string): string {
  return `${table}.${quoteIdentifier(name)}::text`
}

function guard(info: PostgresTableInfo, exact: Row): Sql {
  const keys = new Set(info.keyColumns)
  const parts = info.columns.flatMap((column, at) => {
    const text = exact[at] ?? null
    const own = keys.has(column) ? [equals(column, text)] : []
    return keys.has(column) && column.hashable ? own : [...own, holds(column, text)]
  })
  return joined(parts, ' AND ')
}

function equals({ name }: PostgresColumn, text: string | null): Sql {
  return [`${quoteIdentifier(name)} = `, value(text)]
}

function holds(column: PostgresColumn, text: string | null): Sql {
  const name = quoteIdentifier(column.name)
  if (text === null) return [`${name} IS NULL`]
  if (text.length > GUARD_CHARACTERS) return long(column, name, text)
  return [`${column.hashable ? name : `${name}::text`} = `, value(text)]
}

function long({ facts }: PostgresColumn, name: string, text: string): Sql {
  if (facts.name === 'bytea') return [`md5(${name}) = `, value(md5(Buffer.from(text.slice(2), 'hex')))]
  return [`md5(${name}::text) = `, value(md5(text))]
}

function md5(data: string | Buffer): string {
  return createHash('md5').update(data).digest('hex')
}

function value(text: string | null): Value<string | null> {
  return { literal: text === null ? 'NULL' : quoteLiteral(text), parameter: text }
}
