import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { identifier, qualified } from '../catalog/identifiers.js'
import type { Session } from '../session/session.js'

export interface Index {
  readonly name: string
  readonly unique: boolean
  readonly columns: readonly string[]
}

const number = z.coerce.number()
const Shown = z.array(
  z.object({
    Key_name: z.string(),
    Column_name: z.string().nullable(),
    Non_unique: number,
    Sub_part: number.nullable(),
    Index_type: z.string(),
    Collation: z.string().nullable(),
    /** Of MySQL and of MariaDB: the optimizer leaves it alone, and `FORCE INDEX` of it is an error. */
    Visible: z.string().optional(),
    Ignored: z.string().optional(),
  }),
)

/** Trees over whole columns, in ascending order, that the server would use; the primary key first. */
export async function readIndexes(
  session: Session,
  table: { readonly schema: string; readonly name: string },
): Promise<readonly Index[]> {
  // SHOW, as the catalog's column for what is not used has another name in each product.
  const rows = await session.execute(sql.raw(`show index from ${qualified(table.schema, table.name)}`))
  const indexes = new Map<string, { name: string; unique: boolean; columns: string[]; whole: boolean }>()
  for (const row of Shown.parse(rows)) {
    const index = indexes.get(row.Key_name) ?? {
      name: row.Key_name,
      unique: row.Non_unique === 0,
      columns: [],
      whole: row.Visible !== 'NO' && row.Ignored !== 'YES',
    }
    indexes.set(row.Key_name, index)
    const { Column_name: column, Sub_part: prefix, Index_type: type, Collation: direction } = row
    if (column === null || prefix !== null || type !== 'BTREE' || direction !== 'A') index.whole = false
    else index.columns.push(column)
  }
  return [...indexes.values()]
    .filter(({ whole }) => whole)
    .toSorted((left, right) => Number(right.name === PRIMARY) - Number(left.name === PRIMARY))
}

export const PRIMARY = 'PRIMARY'

/** What is read by an index. */
interface Wanted {
  readonly column: string
  /** What is read of each row beside it. */
  readonly value: string | undefined
  /** Each key is in one row. */
  readonly single: boolean
}

/**
 * The one that reads least: begins with the column, holds the value, is narrow. The primary key holds whole rows: best
 * where each is read, else worse than any other index that holds all.
 */
export function indexFor(indexes: readonly Index[], wanted: Wanted): Index | undefined {
  const weight = (index: Index): number => {
    if (index.name === PRIMARY) return wanted.single ? 0 : 100
    return (holds(index, wanted.value) ? 0 : 1_000) + index.columns.length
  }
  return indexes
    .filter(({ columns }) => columns[0] === wanted.column)
    .toSorted((left, right) => weight(left) - weight(right))[0]
}

/** `false`: each row has to be fetched for the value. */
export function holds({ name, columns }: Index, value: string | undefined): boolean {
  return value === undefined || name === PRIMARY || columns.includes(value)
}

/** What creates an index while others read and write the table. */
export function indexStatement(table: string, columns: readonly string[]): string {
  return `ALTER TABLE ${table} ADD INDEX (${columns.map(identifier).join(', ')}), ALGORITHM=INPLACE, LOCK=NONE;`
}
