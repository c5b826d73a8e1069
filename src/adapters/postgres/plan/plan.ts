import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { ExecuteOptions, Session } from '../session/session.js'

interface PlanNode {
  /** `Index Only Scan`, `Sort`, ... */
  readonly type: string
  /** The table it reads. */
  readonly relation: string | undefined
  /** Rows that it gives. */
  readonly rows: number
}

/** How the server would run a statement, without running it. */
export interface Plan {
  /** In its own units. */
  readonly cost: number
  readonly nodes: readonly PlanNode[]
}

interface RawNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string | undefined
  readonly 'Total Cost': number
  readonly 'Plan Rows': number
  readonly Plans?: readonly RawNode[] | undefined
}

const Node: z.ZodType<RawNode> = z.lazy(() =>
  z.object({
    'Node Type': z.string(),
    'Relation Name': z.string().optional(),
    'Total Cost': z.number(),
    'Plan Rows': z.number(),
    Plans: z.array(Node).optional(),
  }),
)
const Explained = z.tuple([z.object({ 'QUERY PLAN': z.unknown() })])
const Plans = z.tuple([z.object({ Plan: Node })])

/** EXPLAIN, never ANALYZE: nothing of the statement is run. */
export async function planOf(session: Session, statement: SQL, options: ExecuteOptions = {}): Promise<Plan> {
  const rows = await session.execute(sql`explain (format json) ${statement}`, options)
  const [{ 'QUERY PLAN': printed }] = Explained.parse(rows)
  const [{ Plan: root }] = Plans.parse(typeof printed === 'string' ? JSON.parse(printed) : printed)
  return { cost: root['Total Cost'], nodes: flattened(root) }
}

function flattened(node: RawNode): readonly PlanNode[] {
  const own = { type: node['Node Type'], relation: node['Relation Name'], rows: node['Plan Rows'] }
  return [own, ...(node.Plans ?? []).flatMap(flattened)]
}

/** Some table is read from its beginning to its end. */
export function readsAll({ nodes }: Plan): boolean {
  return nodes.some(({ type }) => type === 'Seq Scan')
}

const UNORDERED: ReadonlySet<string> = new Set(['Seq Scan', 'Bitmap Heap Scan', 'Sort', 'Incremental Sort', 'Hash'])

/** Rows come out of an index in the order that is asked for. */
export function comesInOrder({ nodes }: Plan): boolean {
  return nodes.some(({ type }) => /^Index (Only )?Scan$/.test(type)) && !nodes.some(({ type }) => UNORDERED.has(type))
}
