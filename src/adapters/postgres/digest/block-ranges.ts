import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { PostgresTableInfo } from '../catalog/catalog.js'
import type { Session } from '../session/session.js'

/** A table of fewer blocks (8 MB) is read with one statement. */
const FEWEST_BLOCKS = 1_024
/** More connections read no faster than this for one table, and others want some. */
const MOST_HELPERS = 2

/** Blocks of a table's file, from one to before another. */
export interface BlockRange {
  readonly from: number
  readonly blocks: number
  /** Whatever comes after it is of it too. */
  readonly last: boolean
}

export interface Extent {
  readonly blocks: number
  /** So many further connections may read: as many as the server would give one statement. */
  readonly helpers: number
}

const Found = z.array(z.object({ blocks: z.coerce.number(), helpers: z.coerce.number() }))
const Plan = z.tuple([z.record(z.string(), z.unknown())])

/**
 * How large a table is that can be read by ranges of its blocks; `undefined` where one statement is better: for queries,
 * small tables, filters that an index answers, other storage than the heap's, and servers before version 14, which know
 * no scan of a range of blocks. Read in the snapshot of the pass, so that what the snapshot sees is in these blocks.
 */
export async function extentOf(session: Session, info: PostgresTableInfo): Promise<Extent | undefined> {
  if (info.oid === '0') return undefined
  const result = await session.execute(sql`
    select pg_catalog.pg_relation_size(c.oid) / current_setting('block_size')::int8 as blocks,
      least(current_setting('max_parallel_workers_per_gather')::int4, ${MOST_HELPERS}::int4) as helpers
    from pg_catalog.pg_class c join pg_catalog.pg_am a on a.oid = c.relam
    where c.oid = ${info.oid}::oid and c.relkind = 'r' and a.amname = 'heap'
      and current_setting('server_version_num')::int4 >= 140000`)
  const [extent] = Found.parse(result)
  if (extent === undefined || extent.blocks < FEWEST_BLOCKS) return undefined
  return info.filter !== undefined && (await usesIndex(session, info)) ? undefined : extent
}

async function usesIndex(session: Session, { source }: PostgresTableInfo): Promise<boolean> {
  const [plan] = Plan.parse(await session.execute(sql.raw(`explain (format json) select t.* from ${source} t`)))
  return /"Node Type": ?"(Index|Bitmap)/.test(JSON.stringify(plan['QUERY PLAN']).replaceAll('\\"', '"'))
}

/** What rows of a range are read from, to be followed by an alias. */
export function sourceOf({ qualified, source, filter }: PostgresTableInfo, range: BlockRange | undefined): string {
  if (range === undefined) return source
  const end = range.last ? '' : ` and ctid < '(${range.from + range.blocks},0)'::tid`
  const condition = filter === undefined ? '' : ` and (\n${filter}\n)`
  return `(select * from ${qualified} where ctid >= '(${range.from},0)'::tid${end}${condition})`
}

/** Hands out what is left of a table, from its beginning to its end. */
export class BlockRanges {
  readonly #blocks: number
  #next = 0

  constructor(blocks: number) {
    this.#blocks = blocks
  }

  get left(): number {
    return this.#blocks - this.#next
  }

  take(size: number): BlockRange | undefined {
    if (this.left === 0) return undefined
    const from = this.#next
    const blocks = Math.min(size, this.left)
    this.#next += blocks
    return { from, blocks, last: this.left === 0 }
  }
}
