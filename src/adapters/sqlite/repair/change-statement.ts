import type { InValue } from '@libsql/client'
import type { Form } from '../../../core/canonical.js'
import type { RowChange } from '../../../core/repair.js'
import type { Row } from '../../../core/table.js'
import { joined, type Statement, type Value } from '../../sql/statement.js'
import { decodedValue, type StoredValue } from '../canonical/stored-values.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import { wantedValue } from './wanted-value.js'

type Sql = Statement<InValue>

export interface Mended {
  readonly name: string
  readonly as: string
  /** As declared. */
  readonly type: string
  readonly nullable: boolean
  readonly form: Form
  readonly given: Form
}

export interface Repaired {
  readonly table: string
  readonly columns: readonly Mended[]
  readonly key: readonly Mended[]
}

/** A change as one statement, which does nothing where the row is not as it was held. */
export function changeStatement(table: Repaired, change: RowChange): Sql {
  const { columns, key } = table
  const target = quoteIdentifier(table.table)
  switch (change.kind) {
    case 'insert': {
      const values = columns.map((mended, at): Sql => [wanted(mended, change.wanted[at] ?? null)])
      const keys = key.map(({ name }) => quoteIdentifier(name)).join(', ')
      return [
        `INSERT INTO ${target} (${columns.map(({ name }) => quoteIdentifier(name)).join(', ')}) VALUES (`,
        ...joined(values, ', '),
        `) ON CONFLICT (${keys}) DO NOTHING`,
      ]
    }
    case 'update': {
      const sets = change.set.map(
        (at): Sql => [`${quoteIdentifier(columns[at]?.name ?? '')} = `, wanted(columns[at], change.wanted[at] ?? null)],
      )
      return [`UPDATE ${target} SET `, ...joined(sets, ', '), ' WHERE ', ...guard(table, change.held.exact)]
    }
    case 'delete':
      return [`DELETE FROM ${target} WHERE `, ...guard(table, change.held.exact)]
  }
}

function wanted(mended: Mended | undefined, text: string | null): Value<InValue> {
  if (mended === undefined || text === null) return value(null)
  return value(wantedValue(mended.type, mended.given, text) ?? null)
}

/** SQLite stores any value in any column, and `5 IS '5'` may hold: the type is compared too. */
function guard({ columns, key }: Repaired, exact: Row): Sql {
  const values = exact.map((text) => (text === null ? null : decodedValue(text)))
  const ordered = [...key, ...columns.filter((mended) => !key.includes(mended))]
  const parts = ordered.map((mended): Sql => {
    const held = values[columns.indexOf(mended)] ?? null
    const name = quoteIdentifier(mended.name)
    if (held === null) return [`${name} IS NULL`]
    const type: Sql = key.includes(mended) ? [] : [` AND typeof(${name}) = '${typeOf(held)}'`]
    if (typeof held !== 'string') return [`${name} = `, value(bound(held)), ...type]
    const collated = key.includes(mended) ? '' : ' COLLATE BINARY'
    return [`${name}${collated} = `, value(held), ...type]
  })
  return joined(parts, ' AND ')
}

function typeOf(held: Exclude<StoredValue, null>): string {
  if (typeof held === 'bigint') return 'integer'
  if (typeof held === 'number') return 'real'
  return typeof held === 'string' ? 'text' : 'blob'
}

function bound(held: StoredValue): InValue {
  return held instanceof ArrayBuffer ? new Uint8Array(held) : held
}

function value(parameter: InValue): Value<InValue> {
  return { literal: literal(parameter), parameter }
}

export function literal(parameter: InValue): string {
  switch (typeof parameter) {
    case 'string':
      return textLiteral(parameter)
    case 'bigint':
      // The least one is no literal of SQLite: it would be read as a real number.
      return parameter === -(2n ** 63n) ? '(-9223372036854775807 - 1)' : parameter.toString()
    case 'number':
      return realLiteral(parameter)
    default:
      return parameter instanceof Uint8Array ? `x'${Buffer.from(parameter).toString('hex')}'` : 'NULL'
  }
}

function textLiteral(text: string): string {
  // A NUL would end the literal.
  if (text.includes('\0')) return `CAST(x'${Buffer.from(text, 'utf8').toString('hex')}' AS TEXT)`
  return `'${text.replaceAll("'", "''")}'`
}

function realLiteral(real: number): string {
  if (!Number.isFinite(real)) return real > 0 ? '9e999' : '-9e999'
  const text = String(real)
  return /[.e]/.test(text) ? text : `${text}.0`
}
