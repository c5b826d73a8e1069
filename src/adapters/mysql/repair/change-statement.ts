import { createHash } from 'node:crypto'
import type { Form } from '../../../core/canonical.js'
import type { RepairColumn, RowChange } from '../../../core/repair.js'
import type { Row } from '../../../core/table.js'
import { isCalendarText } from '../../sql/calendar-text.js'
import { GUARD_CHARACTERS, joined, type Piece, type Statement } from '../../sql/statement.js'
import type { MysqlColumn } from '../catalog/catalog-queries.js'
import { identifier } from '../catalog/identifiers.js'
import { bytesValue, numberText, textValue } from './literal.js'
import { wantedValue } from './wanted-value.js'

type Sql = Statement<unknown>

/** A column, the form it is compared in, the one that says all of its values, and what it is given. */
export interface Mended {
  readonly column: MysqlColumn
  readonly as: string
  readonly form: Form
  readonly whole: Form
  readonly given: RepairColumn['given']
}

export interface Repaired {
  /** `` `app`.`quotes` `` */
  readonly qualified: string
  readonly columns: readonly Mended[]
  readonly key: readonly Mended[]
}

/** A change as one statement, which does nothing where the row is not as it was held. */
export function changeStatement(table: Repaired, change: RowChange): Sql {
  const { qualified, columns } = table
  switch (change.kind) {
    case 'insert':
      return insert(table, change.wanted)
    case 'update': {
      const sets = change.set.map(
        (at): Sql => [
          `${identifier(columns[at]?.column.name ?? '')} = `,
          wanted(columns[at], change.wanted[at] ?? null),
        ],
      )
      const kept = columns.filter(({ column }, at) => column.onUpdate && !change.set.includes(at))
      const keeps = kept.map(({ column }): Sql => [`${identifier(column.name)} = ${identifier(column.name)}`])
      return [
        `UPDATE ${qualified} SET `,
        ...joined([...sets, ...keeps], ', '),
        ' WHERE ',
        ...guard(table, change.held.exact),
      ]
    }
    case 'delete':
      return [`DELETE FROM ${qualified} WHERE `, ...guard(table, change.held.exact)]
  }
}

/** Not INSERT IGNORE, which cuts what is too long, nor ON DUPLICATE KEY, which is silent about other unique indexes. */
function insert({ qualified, columns, key }: Repaired, row: Row): Sql {
  const names = columns.map(({ column }) => identifier(column.name)).join(', ')
  const values = columns.map((mended, at): Sql => [wanted(mended, row[at] ?? null)])
  const same = key.map(
    (mended): Sql => [`${identifier(mended.column.name)} = `, wanted(mended, row[columns.indexOf(mended)] ?? null)],
  )
  return [
    `INSERT INTO ${qualified} (${names}) SELECT `,
    ...joined(values, ', '),
    ` FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM ${qualified} WHERE `,
    ...joined(same, ' AND '),
    ')',
  ]
}

function wanted(mended: Mended | undefined, text: string | null): Piece<unknown> {
  if (mended === undefined || text === null) return 'NULL'
  const given = mended.given === 'native' ? mended.form : mended.given
  return wantedValue(mended.column, given, text)
}

/** By the key's index first, and then exactly. */
function guard({ columns, key }: Repaired, exact: Row): Sql {
  const found = key.map((mended) => same(mended, exact[columns.indexOf(mended)] ?? null))
  const rest = columns.map((mended, at) => {
    const text = exact[at] ?? null
    return key.includes(mended) && !LOOSE.has(mended.whole.kind) ? undefined : holds(mended, text)
  })
  return joined([...found, ...rest.filter((part) => part !== undefined)], ' AND ')
}

/** Forms of which the column's own `=` takes different values for equal. */
const LOOSE: ReadonlySet<Form['kind']> = new Set(['text', 'own'] as const)

function same({ column, whole }: Mended, text: string | null): Sql {
  const name = identifier(column.name)
  if (text === null) return [`${name} IS NULL`]
  switch (whole.kind) {
    case 'number':
      return [`${name} = ${numberText(text)}`]
    case 'bits':
      return [`(${name} + 0) = ${BigInt(`0b${text || '0'}`)}`]
    case 'bytes':
      return [`${name} = `, bytesValue(text)]
    default:
      return [`${name} = `, textValue(text)]
  }
}

function holds(mended: Mended, text: string | null): Sql {
  const { column, whole } = mended
  const name = identifier(column.name)
  if (text === null) return [`${name} IS NULL`]
  switch (whole.kind) {
    case 'float':
      return [`(${name} + 0e0) = ${numberText(text)}`]
    case 'text':
      if (text.length > GUARD_CHARACTERS) return [`MD5(CONVERT(${name} USING utf8mb4)) = '${md5(text)}'`]
      return [`CAST(CONVERT(${name} USING utf8mb4) AS BINARY) = `, textValue(text)]
    case 'own':
      return [`CAST(CAST(${name} AS CHAR) AS BINARY) = `, textValue(text)]
    case 'bytes':
      if (text.length > GUARD_CHARACTERS) return [`MD5(${name}) = '${md5(Buffer.from(text, 'hex'))}'`]
      return same(mended, text)
    case 'date':
    case 'moment':
      // A strict server refuses 0000-00-00 even to be compared with.
      return isCalendarText(text) ? same(mended, text) : [`CAST(${name} AS CHAR) = `, textValue(text)]
    default:
      return same(mended, text)
  }
}

function md5(data: string | Buffer): string {
  return createHash('md5').update(data).digest('hex')
}
