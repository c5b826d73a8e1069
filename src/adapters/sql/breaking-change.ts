import { ConfigError } from '../../core/errors.js'
import type { Column } from '../../core/table.js'
import type { Values } from '../../core/upsert.js'

/** A table whose columns have changed while rows were written to it. */
export interface ChangedTable {
  readonly name: string
  readonly before: readonly Column[]
  readonly after: readonly Column[]
  /** Those at hand, as they are to be written. */
  readonly rows: readonly Values[]
}

/**
 * Throws a `ConfigError` when no row of this flow can be written any more: a column that they carry is gone, or one that
 * must have a value came and they have none for it. The rows are not to blame, so none of them may become a dead letter,
 * however few they are.
 */
export function checkChange({ name, before, after, rows }: ChangedTable): void {
  const carried = (column: Column) => rows.some((row) => row[column.name] !== undefined)
  const has = (columns: readonly Column[], wanted: Column) => columns.some((column) => column.name === wanted.name)
  const gone = before.find((column) => !has(after, column) && carried(column))
  if (gone !== undefined) {
    throw new ConfigError({
      code: 'column-missing',
      key: name,
      message: `the table had a column ${gone.name}, which rows are written with, and has it no more`,
      fix: 'Add the column again, or change what `map` answers; then start again.',
    })
  }
  const required = after.find(
    (column) => !column.nullable && !column.hasDefault && !has(before, column) && !carried(column),
  )
  if (required !== undefined && rows.length > 0) {
    throw new ConfigError({
      code: 'column-required',
      key: name,
      message: `the table has a new column ${required.name} that is NOT NULL and has no default, and rows bring no value for it`,
      fix: 'Give the column a default or let it be NULL, or change what `map` answers; then start again.',
    })
  }
}
