import { sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { ReadsAsked } from '../../../core/database.js'
import type { Diagnosis } from '../../../core/diagnosis.js'
import { SMALL_ROWS } from '../../../core/index-advice.js'
import { diagnoseReads, type SparingIndex, type TableReads } from '../../sql/diagnose-reads.js'
import { declaredColumns } from '../../sql/drizzle-columns.js'
import { filterColumn } from '../../sql/filter-column.js'
import type { PostgresTableInfo } from '../catalog/catalog.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import { exportedColumns } from '../export/export-column.js'
import { indexBytes, readStatistics } from '../groups/index-size.js'
import { planOf, readsAll } from '../plan/plan.js'
import { estimateRows, hasIndex } from '../plan/table-facts.js'
import type { Session } from '../session/session.js'

/** A filter that keeps more than this share of the rows is served as well by reading them all. */
const FEW = 0.1

interface Read {
  readonly session: Session
  readonly subject: string
  /** With the rows of the filter. */
  readonly info: PostgresTableInfo
  readonly table: PgTable | undefined
}

/** What reading the table so costs, and which index would make it cheaper. */
export function diagnosePostgresReads(
  read: Read,
  asked: ReadsAsked,
  signal: AbortSignal,
): Promise<readonly Diagnosis[]> {
  const options = { readOnly: true, what: 'planning', signal }
  return read.session.transaction(async (session) => {
    const rows = await estimateRows(session, read.info)
    if (rows < SMALL_ROWS) return []
    const reads = new Reads(session, read, rows)
    const [since, filter] = [await reads.since(asked.since), await reads.filter(asked.where)]
    return diagnoseReads({
      subject: read.subject,
      rows,
      ...(since === undefined ? {} : { since }),
      ...(filter === undefined ? {} : { filter }),
    })
  }, options)
}

class Reads {
  readonly #session: Session
  readonly #read: Read
  readonly #rows: number

  constructor(session: Session, read: Read, rows: number) {
    this.#session = session
    this.#read = read
    this.#rows = rows
  }

  async since(asked: string | undefined): Promise<TableReads['since']> {
    const { info, table } = this.#read
    const column = exportedColumns(info, declaredColumns(table)).find(({ name }) => name === asked)?.column.name
    if (column === undefined) return undefined
    if (await hasIndex(this.#session, { relation: info, key: column, collated: false })) return { column }
    const newest = sql`select max(${sql.raw(quoteIdentifier(column))}) from ${sql.raw(info.qualified)} t`
    const { cost } = await planOf(this.#session, newest)
    return { column, missing: await this.#missing(column, cost, {}) }
  }

  async filter(where: string | undefined): Promise<TableReads['filter']> {
    if (where === undefined) return undefined
    const { info } = this.#read
    // The plan of one process: others would share the rows among them.
    await this.#session.execute(sql`set local max_parallel_workers_per_gather = 0`)
    const plan = await planOf(this.#session, sql`select count(*) from ${sql.raw(info.source)} t`)
    const kept = plan.nodes.find(({ type }) => type === 'Seq Scan')?.rows
    if (!readsAll(plan) || kept === undefined || kept > this.#rows * FEW) return undefined
    const names = info.columns.map(({ name }) => name)
    const column = filterColumn(where, names)
    if (column === undefined || (await hasIndex(this.#session, { relation: info, key: column, collated: false }))) {
      return { kept }
    }
    return { kept, missing: await this.#missing(column, plan.cost, { rows: kept }) }
  }

  async #missing(column: string, planner: number, after: SparingIndex['after']): Promise<SparingIndex> {
    const { oid, qualified } = this.#read.info
    const one = { oid, keyName: column, valueName: undefined, estimatedRows: this.#rows, single: true }
    const statistics = await readStatistics(this.#session, one)
    const sizeBytes = indexBytes(this.#rows, statistics)
    return {
      column,
      statement: `CREATE INDEX CONCURRENTLY ON ${qualified} (${quoteIdentifier(column)});`,
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
      now: { rows: this.#rows, bytes: statistics.bytes, planner },
      after,
    }
  }
}
