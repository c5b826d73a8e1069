import type { InValue } from '@libsql/client'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { DataError } from '../../../core/errors.js'
import type { Values } from '../../../core/upsert.js'
import { cleanText, type InvalidText } from '../../sql/clean-text.js'
import { drizzleColumns } from '../../sql/drizzle-columns.js'
import { type RowGroup, rowGroups, rowKey, type TableRows } from '../../sql/row-groups.js'
import type { SqliteTableInfo } from '../catalog/catalog.js'
import type { EncodedRows } from './encoded-rows.js'
import { upsertSql } from './upsert-sql.js'
import { keepsText, sqliteValue } from './value.js'

interface UpsertColumn {
  /** Its name in `Values`. */
  readonly property: string
  readonly name: string
  readonly key: boolean
  encode(value: unknown): InValue | undefined
  readonly insertDefault: (() => unknown) | undefined
  readonly updateDefault: (() => unknown) | undefined
}

export interface UpsertTableOptions {
  readonly drizzle: SQLiteTable | undefined
  /** Properties that rows may carry and that are not written. */
  readonly ignored: ReadonlySet<string>
  readonly invalidText: InvalidText
}

interface Problem {
  readonly code: string
  readonly why: string
}

/** A table as rows are written to it. */
export class UpsertTable {
  readonly info: SqliteTableInfo
  readonly #options: UpsertTableOptions
  readonly #columns: ReadonlyMap<string, UpsertColumn>
  readonly #keyOf: (row: Values) => string

  constructor(info: SqliteTableInfo, options: UpsertTableOptions) {
    this.info = info
    this.#options = options
    const columns = upsertColumns(info, options.drizzle)
    this.#columns = new Map(columns.map((column) => [column.property, column]))
    this.#keyOf = rowKey(columns.filter(({ key }) => key).map(({ property }) => property))
  }

  /** What is to be written, one statement after the other. Rows that cannot be are noted in `refused`, by item. */
  encode(rows: TableRows, refused: Map<number, DataError>): readonly EncodedRows[] {
    return rowGroups(rows, this.#keyOf).flatMap((group) => this.#encodeGroup(group, refused))
  }

  #encodeGroup(group: RowGroup, refused: Map<number, DataError>): readonly EncodedRows[] {
    const refuse = (item: number, { code, why }: Problem) => {
      if (!refused.has(item)) refused.set(item, new DataError(code, `${this.info.name}: ${why}`))
    }
    const problem = this.#problem(group.columns)
    if (problem !== undefined) {
      for (const item of group.items) refuse(item, problem)
      return []
    }
    const carried = new Set(group.columns)
    const columns = [...this.#columns.values()].filter(
      ({ property, insertDefault, updateDefault }) =>
        carried.has(property) || insertDefault !== undefined || updateDefault !== undefined,
    )
    const values = group.rows.map((row, at) =>
      columns.map((column) => {
        const value = this.#value(column, carried.has(column.property) ? row[column.property] : absent(column))
        if (value !== undefined && !isProblem(value)) return value
        refuse(group.items[at] ?? 0, value ?? unsupported(column))
        return null
      }),
    )
    const set = columns.filter(({ key, property, updateDefault }) => !key && (carried.has(property) || updateDefault))
    const given = set.some(({ property }) => carried.has(property))
    const sql = upsertSql(this.info, {
      columns: columns.map(({ name }) => name),
      set: given ? set.map(({ name }) => name) : [],
    })
    return [{ sql, columns: columns.length, items: group.items, values }]
  }

  #problem(names: readonly string[]): Problem | undefined {
    const unknown = names.find((name) => !this.#columns.has(name) && !this.#options.ignored.has(name))
    if (unknown !== undefined) {
      return { code: 'column-unknown', why: `rows carry ${unknown}, which is no column that can be written` }
    }
    const missing = [...this.#columns.values()].find(({ key, property }) => key && !names.includes(property))
    return missing === undefined ? undefined : keyMissing(missing)
  }

  #value(column: UpsertColumn, value: unknown): InValue | Problem | undefined {
    const encoded = attempt(column, value)
    if (encoded === null && column.key) return keyMissing(column)
    if (typeof encoded !== 'string') return encoded
    return cleanText(encoded, this.#options.invalidText) ?? badText(column)
  }
}

function upsertColumns(info: SqliteTableInfo, drizzle: SQLiteTable | undefined): readonly UpsertColumn[] {
  const key = new Set(info.key)
  const inFile = new Map(info.columns.map((column) => [column.name, column]))
  const textual = (name: string) => keepsText(inFile.get(name)?.type ?? '')
  if (drizzle === undefined) {
    return info.columns.map(({ name }) => {
      const text = textual(name)
      const encode = (value: unknown) => sqliteValue(value, text)
      return { property: name, name, key: key.has(name), encode, insertDefault: undefined, updateDefault: undefined }
    })
  }
  const declared = [...drizzleColumns(drizzle).values()].filter(({ name }) => inFile.has(name))
  return declared.map(({ property, name, encode, insertDefault, updateDefault }) => {
    const text = textual(name)
    return {
      property,
      name,
      key: key.has(name),
      encode: (value) => sqliteValue(value === undefined || value === null ? null : encode(value), text),
      insertDefault,
      updateDefault,
    }
  })
}

function attempt(column: UpsertColumn, value: unknown): InValue | undefined {
  try {
    return column.encode(value)
  } catch {
    return undefined
  }
}

function absent({ updateDefault, insertDefault }: UpsertColumn): unknown {
  return (updateDefault ?? insertDefault)?.()
}

function isProblem(value: InValue | Problem): value is Problem {
  return typeof value === 'object' && value !== null && 'why' in value
}

function keyMissing({ name }: UpsertColumn): Problem {
  return { code: 'key-missing', why: `key column ${name} has no value` }
}

function unsupported({ name }: UpsertColumn): Problem {
  return { code: 'value-unsupported', why: `column ${name} cannot hold a value of this kind or size` }
}

function badText({ name }: UpsertColumn): Problem {
  const why = `column ${name} holds a NUL or half a surrogate pair, which SQLite does not give back; set invalidText to strip or escape them`
  return { code: 'invalid-text', why }
}
