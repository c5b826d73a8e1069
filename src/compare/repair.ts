import type { Difference } from '../core/difference.js'
import type { Row, TableSchema } from '../core/table.js'

export type Side = 'left' | 'right'

/**
 * The rows to write to `side` so that it has what the other side has: rows it lacks, and the other side's version of rows
 * that differ. Rows that only `side` has are left alone, as are rows that are still changing: nothing is ever deleted.
 */
export function repairRows(differences: Iterable<Difference>, side: Side): Row[] {
  const rows: Row[] = []
  for (const difference of differences) {
    const row = wantedRow(difference, side)
    if (row !== undefined) rows.push(row)
  }
  return rows
}

/** One PostgreSQL statement per difference that `repairRows` would cure, as text to be read before it is run. */
export function* repairSql(differences: Iterable<Difference>, side: Side, schema: TableSchema): Iterable<string> {
  for (const difference of differences) {
    const row = wantedRow(difference, side)
    if (row === undefined) continue
    if (difference.kind === 'changed') yield update(row, side === 'left' ? difference.left : difference.right, schema)
    else yield insert(row, schema)
  }
}

function wantedRow(difference: Difference, side: Side): Row | undefined {
  switch (difference.kind) {
    case 'missing-left':
      return side === 'left' ? difference.right : undefined
    case 'missing-right':
      return side === 'right' ? difference.left : undefined
    case 'changed':
      return side === 'left' ? difference.right : difference.left
    case 'copies':
    case 'unstable':
      return undefined
  }
}

/** Does nothing when the row has come by itself in the meantime. */
function insert(row: Row, schema: TableSchema): string {
  const names = schema.columns.map((column) => quoteName(column.name)).join(', ')
  // Identity columns may be GENERATED ALWAYS; on other columns the clause has no effect.
  const overriding = schema.columns.some((column) => column.hasDefault) ? ' OVERRIDING SYSTEM VALUE' : ''
  return `INSERT INTO ${tableName(schema)} (${names})${overriding} VALUES (${row.map(quoteValue).join(', ')}) ON CONFLICT DO NOTHING;`
}

/** Sets only the columns that differ. */
function update(wanted: Row, existing: Row, schema: TableSchema): string {
  const sets = schema.columns.flatMap(({ name }, index) =>
    wanted[index] === existing[index] ? [] : [`${quoteName(name)} = ${quoteValue(wanted[index] ?? null)}`],
  )
  const where = schema.key.map((name) => {
    const index = schema.columns.findIndex((column) => column.name === name)
    return `${quoteName(name)} = ${quoteValue(wanted[index] ?? null)}`
  })
  return `UPDATE ${tableName(schema)} SET ${sets.join(', ')} WHERE ${where.join(' AND ')};`
}

function tableName({ name }: TableSchema): string {
  const dot = name.indexOf('.')
  return dot === -1 ? quoteName(name) : `${quoteName(name.slice(0, dot))}.${quoteName(name.slice(dot + 1))}`
}

function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Any type takes its own text as a quoted literal. The `E` form means the same under every `standard_conforming_strings`. */
function quoteValue(value: string | null): string {
  if (value === null) return 'NULL'
  const quoted = value.replaceAll("'", "''")
  return value.includes('\\') ? `E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`
}
