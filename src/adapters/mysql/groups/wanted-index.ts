import type { MysqlColumn } from '../catalog/catalog-queries.js'
import type { MysqlGroupColumn } from './group-column.js'
import { indexBytes } from './index-size.js'
import { indexStatement } from './indexes.js'

/** The columns of an index that would bring the groups in order, with all that is read of a row. */
export function wantedColumns({ keyColumn, valueColumn }: MysqlGroupColumn): readonly MysqlColumn[] {
  return valueColumn === undefined ? [keyColumn] : [keyColumn, valueColumn]
}

/** Its statement; `undefined`: a value is too long for an index. */
export function adviceFor(column: MysqlGroupColumn): string | undefined {
  const columns = wantedColumns(column)
  if (indexBytes(0, columns) === undefined) return undefined
  return indexStatement(
    column.qualified,
    columns.map(({ name }) => name),
  )
}

/** About what it would take. */
export function wantedBytes(column: MysqlGroupColumn): number | undefined {
  const columns = wantedColumns(column)
  const primary = column.primary.filter((one) => !columns.includes(one))
  return indexBytes(column.estimatedRows, [...columns, ...primary])
}
