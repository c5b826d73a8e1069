import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Session } from '../session/session.js'
import type { PostgresGroupColumn } from './group-column.js'

export const PAGE_BYTES = 8_192
/** A tuple's header and the pointer to it. */
const TUPLE_BYTES = 8 + 4
/** Of a row's place in a list of equal keys. */
const PLACE_BYTES = 6
/** Places that one tuple lists, as CREATE INDEX makes them. */
const PLACES = 130
/** How full CREATE INDEX makes a page. */
const FILL = 0.9

type MeasuredColumn = Pick<PostgresGroupColumn, 'oid' | 'keyName' | 'valueName' | 'estimatedRows' | 'single'>

interface ColumnStatistics {
  readonly width: number
  readonly nullShare: number
  /** Different values. */
  readonly distinct: number
}

export interface TableStatistics {
  /** Of the table without its indexes. */
  readonly bytes: number
  /** Share of its pages that a scan of an index has to look at too, as they are not known to be visible to all. */
  readonly unseenShare: number
  /** `undefined`: never analyzed. */
  readonly key: ColumnStatistics | undefined
  readonly value: ColumnStatistics | undefined
  /** The index would hold the value too. */
  readonly hasValue: boolean
  /** What the planner reckons with. */
  readonly costs: {
    readonly randomPage: number
    readonly tuple: number
    readonly indexTuple: number
    readonly operator: number
  }
}

const number = z.coerce.number()
const Table = z.tuple([
  z.object({ bytes: number, unseen: number, page: number, tuple: number, index_tuple: number, operator: number }),
])
const Columns = z.array(z.object({ name: z.string(), width: number, nulls: number, different: number }))

/** What the catalog knows of the table, from the last ANALYZE or VACUUM. */
export async function readStatistics(session: Session, column: MeasuredColumn): Promise<TableStatistics> {
  const { oid, keyName, valueName, estimatedRows, single } = column
  const setting = (name: string) => sql`current_setting(${name})::float8::text`
  const tables = await session.execute(sql`select pg_catalog.pg_relation_size(c.oid)::text as bytes,
      (1 - c.relallvisible::float8 / greatest(c.relpages, 1))::text as unseen, ${setting('random_page_cost')} as page,
      ${setting('cpu_tuple_cost')} as tuple, ${setting('cpu_index_tuple_cost')} as index_tuple,
      ${setting('cpu_operator_cost')} as operator
    from pg_catalog.pg_class c where c.oid = ${oid}::oid`)
  const [{ bytes, unseen, page, tuple, index_tuple: indexTuple, operator }] = Table.parse(tables)
  const rows = await session.execute(sql`select s.attname::text as name, s.avg_width::text as width,
      s.null_frac::text as nulls, s.n_distinct::text as different
    from pg_catalog.pg_stats s join pg_catalog.pg_class c on c.relname = s.tablename
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname = s.schemaname
    where c.oid = ${oid}::oid and s.attname in (${keyName}, ${valueName ?? keyName}) and not s.inherited`)
  const known = new Map(
    Columns.parse(rows).map(({ name, width, nulls: nullShare, different }) => {
      // Below zero: as a share of the rows.
      const distinct = different < 0 ? -different * estimatedRows : different
      return [name, { width, nullShare, distinct }]
    }),
  )
  return {
    bytes,
    unseenShare: unseen,
    key: known.get(keyName),
    value: valueName === undefined ? undefined : known.get(valueName),
    hasValue: valueName !== undefined && !single,
    costs: { randomPage: page, tuple, indexTuple, operator },
  }
}

/** About what CREATE INDEX would make of it; `undefined` before the first ANALYZE. */
export function indexBytes(rows: number, { key, value, hasValue }: TableStatistics): number | undefined {
  if (key === undefined || (hasValue && value === undefined)) return undefined
  const width = aligned(key.width + (hasValue && value !== undefined ? aligned(value.width) : 0)) + TUPLE_BYTES
  const apart = rows * width
  if (hasValue) return filled(apart)
  // Rows of equal keys share a tuple that lists their places.
  const perKey = rows / Math.max(key.distinct, 1)
  const together = key.distinct * Math.ceil(perKey / PLACES) * width + rows * PLACE_BYTES
  return filled(perKey < 2 ? apart : Math.min(apart, together))
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 8) * 8
}

function filled(bytes: number): number {
  return Math.ceil(bytes / FILL / PAGE_BYTES) * PAGE_BYTES
}
