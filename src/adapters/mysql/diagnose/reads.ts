import { sql } from 'drizzle-orm'
import type { MySqlTable } from 'drizzle-orm/mysql-core'
import { z } from 'zod'
import type { ReadsAsked } from '../../../core/database.js'
import type { Diagnosis } from '../../../core/diagnosis.js'
import { SMALL_ROWS } from '../../../core/index-advice.js'
import { diagnoseReads, type TableReads } from '../../sql/diagnose-reads.js'
import { declaredColumns } from '../../sql/drizzle-columns.js'
import type { MysqlTableInfo } from '../catalog/catalog.js'
import type { MysqlColumn } from '../catalog/catalog-queries.js'
import { identifier } from '../catalog/identifiers.js'
import { exportedColumns } from '../export/export-column.js'
import { indexBytes, tableBytes } from '../groups/index-size.js'
import { indexStatement, readIndexes } from '../groups/indexes.js'
import { planOf } from '../plan/plan.js'
import type { Session } from '../session/session.js'

interface Read {
  readonly session: Session
  readonly subject: string
  readonly info: MysqlTableInfo
  readonly place: { readonly schema: string; readonly name: string }
  readonly table: MySqlTable | undefined
}

const Rows = z.tuple([z.object({ n: z.coerce.number().nullable() })])

/** What reading the table so costs. How many rows a filter keeps, this server only guesses: nothing is said of it. */
export function diagnoseMysqlReads(read: Read, asked: ReadsAsked, signal: AbortSignal): Promise<readonly Diagnosis[]> {
  const { place, subject, info, table } = read
  return read.session.transaction(
    async (session) => {
      const found = await session.execute(sql`select table_rows as n from information_schema.tables
        where table_schema = ${place.schema} and table_name = ${place.name}`)
      const rows = Rows.parse(found)[0].n ?? 0
      if (rows < SMALL_ROWS) return []
      const column = exportedColumns(info, declaredColumns(table)).find(({ name }) => name === asked.since)?.column
      if (column === undefined) return asked.where === undefined ? diagnoseReads({ subject, rows }) : []
      return diagnoseReads({ subject, rows, since: await sinceOf(session, read, { column, rows }) })
    },
    { readOnly: true, what: 'planning', signal },
  )
}

async function sinceOf(
  session: Session,
  { info, place }: Read,
  { column, rows }: { readonly column: MysqlColumn; readonly rows: number },
): Promise<NonNullable<TableReads['since']>> {
  const { name } = column
  const indexes = await readIndexes(session, place)
  if (indexes.some(({ columns }) => columns[0] === name)) return { column: name }
  const { cost } = await planOf(session, `select max(${identifier(name)}) from ${info.qualified}`)
  const [bytes, sizeBytes] = [await tableBytes(session, place), indexBytes(rows, [column, ...info.key])]
  const now = {
    rows,
    ...(bytes === undefined ? {} : { bytes }),
    ...(cost === undefined ? {} : { planner: cost }),
  }
  const missing = { column: name, statement: indexStatement(info.qualified, [name]), now, after: {} }
  return { column: name, missing: { ...missing, ...(sizeBytes === undefined ? {} : { sizeBytes }) } }
}
