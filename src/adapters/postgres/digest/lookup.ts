import { type SQL, sql } from 'drizzle-orm'
import type { Row } from '../../../core/table.js'
import type { PostgresColumn, PostgresTableInfo } from '../catalog/catalog.js'
import { identifier, quoteIdentifier } from '../catalog/identifiers.js'
import { ColumnarRows } from '../rows/columnar.js'
import { unnestRows } from '../rows/columnar-sql.js'
import type { ResultRow, Session } from '../session/session.js'

const LOOKUP_MS = 300_000

/** The rows that have one of the keys; through the key's index, one parameter per key column. */
export async function lookupRows(
  session: Session,
  info: PostgresTableInfo,
  keys: readonly Row[],
  signal: AbortSignal,
): Promise<readonly Row[]> {
  if (keys.length === 0) return []
  const result = await selectRows(session, { info, list: rowSelect(info.columns, 't') }, { keys, signal })
  return toRows(result, info.columns.length)
}

/** The list, of the rows `t` that have one of the keys. */
export async function selectRows(
  session: Session,
  { info, list }: { readonly info: PostgresTableInfo; readonly list: SQL },
  { keys, signal }: { readonly keys: readonly Row[]; readonly signal: AbortSignal },
): Promise<readonly ResultRow[]> {
  const wanted = ColumnarRows.from(keys, info.keyColumns.length)
  const names = sql.join(
    info.schema.key.map((name) => identifier(name)),
    sql`, `,
  )
  const same = info.schema.key.map((name) => sql`t.${identifier(name)} = k.${identifier(name)}`)
  return session.execute(
    sql`
      select ${list}
      from (select distinct ${names} from ${unnestRows(info.keyColumns, wanted, 'asked')}) k
      join ${sql.raw(info.source)} t on ${sql.join(same, sql` and `)}`,
    { signal, deadlineMs: LOOKUP_MS, what: 'looking up rows' },
  )
}

/** Each column as the text that its type prints, named `c0`, `c1`, ... */
export function rowSelect(columns: readonly PostgresColumn[], table: string, print = printed): SQL {
  return sql.raw(columns.map((column, index) => `${print(column, table)} as c${index}`).join(', '))
}

/** As `column` would be an element of an array's text: casting a boolean or a `char(n)` to text gives another form. */
export function printed(column: PostgresColumn, table: string): string {
  const value = `${table}.${quoteIdentifier(column.name)}`
  const castDiffers = column.facts.name === 'bool' || column.facts.name === 'bpchar'
  return castDiffers ? `case when ${value} is not null then concat(${value}) end` : `${value}::text`
}

/** The rows of a result that was selected with `rowSelect`. Everything in it is text, so nothing is checked per value. */
export function toRows(result: readonly ResultRow[], width: number): readonly Row[] {
  const names = Array.from({ length: width }, (_, index) => `c${index}`)
  return result.map((row) => names.map((name) => textOrNull(row[name])))
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
