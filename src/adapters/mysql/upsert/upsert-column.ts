import type { MySqlTable } from 'drizzle-orm/mysql-core'
import { drizzleColumns, isSqlValue } from '../../sql/drizzle-columns.js'
import type { MysqlTableInfo } from '../catalog/catalog.js'
import type { MysqlColumn } from '../catalog/catalog-queries.js'
import { kindOf } from './column-kind.js'
import { type KeyText, keyText } from './key-text.js'
import { type Literal, literal, NULL, type Writing } from './literal.js'

/** A column as rows carry it and as the statement names it. */
export interface UpsertColumn {
  /** Its name in `Values`. */
  readonly property: string
  readonly column: MysqlColumn
  readonly key: boolean
  readonly keyText: KeyText
  literal(value: unknown): Literal
  readonly insertDefault: (() => unknown) | undefined
  readonly updateDefault: (() => unknown) | undefined
}

/** The columns that rows may carry, by property. Those of a Drizzle table encode their values first. */
export function upsertColumns(
  info: MysqlTableInfo,
  drizzle: MySqlTable | undefined,
  writing: Writing,
): readonly UpsertColumn[] {
  const describe = (column: MysqlColumn): Omit<UpsertColumn, 'property'> => {
    const kind = kindOf(column)
    return {
      column,
      key: info.key.some(({ name }) => name === column.name),
      keyText: keyText(column),
      literal: (value) => literal(value, kind, writing),
      insertDefault: undefined,
      updateDefault: undefined,
    }
  }
  if (drizzle === undefined) return info.columns.map((column) => ({ property: column.name, ...describe(column) }))
  const inDatabase = new Map(info.columns.map((column) => [column.name, column]))
  return [...drizzleColumns(drizzle).values()].flatMap((declared) => {
    const column = inDatabase.get(declared.name)
    if (column === undefined) return []
    const { property, plain, encode, insertDefault, updateDefault } = declared
    const described = describe(column)
    return [
      {
        ...described,
        property,
        insertDefault,
        updateDefault,
        literal: (value): Literal => {
          if (value === null || value === undefined) return NULL
          if (isSqlValue(value)) return 'value-unsupported'
          const encoded = plain ? value : attempt(encode, value)
          return isSqlValue(encoded) || encoded === undefined ? 'value-unsupported' : described.literal(encoded)
        },
      },
    ]
  })
}

/** Drizzle throws on some of what is no value of the column's type: `toISOString is not a function`. */
function attempt(encode: (value: unknown) => unknown, value: unknown): unknown {
  try {
    return encode(value)
  } catch {
    return undefined
  }
}
