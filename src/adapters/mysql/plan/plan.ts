import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { ExecuteOptions, Session } from '../session/session.js'

interface TableAccess {
  /** Alias in the statement. */
  readonly table: string
  /** `ALL`: from its beginning to its end; `index`: a whole index. */
  readonly access: string
  readonly rows: number | undefined
  readonly key: string | undefined
  /** The index holds all that is read. */
  readonly indexOnly: boolean
}

/** How the server would run a statement, without running it. */
export interface Plan {
  /** In its own units; MariaDB tells it from 11.0 on. */
  readonly cost: number | undefined
  readonly tables: readonly TableAccess[]
}

const Explained = z.tuple([z.object({ EXPLAIN: z.unknown() })])

/** EXPLAIN, never ANALYZE: nothing of the statement is run. */
export async function planOf(session: Session, statement: string, options: ExecuteOptions = {}): Promise<Plan> {
  const rows = await session.execute(sql.raw(`explain format=json ${statement}`), options)
  const [{ EXPLAIN: printed }] = Explained.parse(rows)
  return parsePlan(typeof printed === 'string' ? JSON.parse(printed) : printed)
}

const number = z.coerce.number()
/** Of MySQL 8 (`rows_examined_per_scan`) and MariaDB (`rows`). */
const Access = z.object({
  table_name: z.string(),
  access_type: z.string(),
  rows: number.optional(),
  rows_examined_per_scan: number.optional(),
  key: z.string().optional(),
  using_index: z.boolean().optional(),
})
const Cost = z.object({ cost: number.optional(), cost_info: z.object({ query_cost: number.optional() }).optional() })

/** The two products, and their releases, nest what they plan in different ways: it is looked for at any depth. */
export function parsePlan(printed: unknown): Plan {
  const tables: TableAccess[] = []
  let cost: number | undefined
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const access = Access.safeParse(value)
    if (access.success && !isDerived(value)) tables.push(accessOf(access.data))
    for (const [name, inner] of Object.entries(value)) {
      if (name === 'query_block') cost = most(cost, costOf(inner))
      walk(inner)
    }
  }
  walk(printed)
  return { cost, tables }
}

/** The result of a query within the statement. */
function isDerived(value: object): boolean {
  return 'materialized_from_subquery' in value || 'materialized' in value
}

function accessOf(found: z.infer<typeof Access>): TableAccess {
  return {
    table: found.table_name,
    access: found.access_type,
    rows: found.rows ?? found.rows_examined_per_scan,
    key: found.key,
    indexOnly: found.using_index ?? false,
  }
}

function costOf(block: unknown): number | undefined {
  const { success, data } = Cost.safeParse(block)
  return success ? (data.cost ?? data.cost_info?.query_cost) : undefined
}

function most(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.max(one, other)
}

/** Some table is read from its beginning to its end. */
export function readsAll({ tables }: Plan): boolean {
  return tables.some(({ access }) => access === 'ALL' || access === 'index')
}
