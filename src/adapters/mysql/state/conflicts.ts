import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Conflict, ConflictPage, ConflictStore, StoredConflict } from '../../../core/state.js'
import { CONFLICT_PAGE, storedConflict } from '../../sql/stored-conflict.js'
import { rowAlias } from '../session/row-alias.js'
import type { Session } from '../session/session.js'
import { isoMoment, mysqlMoment } from './moments.js'
import { keyHash, type StateDialect, type StatePlace, stateTable } from './state-schema.js'

const Count = z.tuple([z.object({ count: z.coerce.number() })])
const CHUNK = 200

/** `ConflictStore` on the table `lockstep_conflicts`. */
export class MysqlConflicts implements ConflictStore {
  readonly #session: Session
  readonly #table: SQL
  readonly #dialect: StateDialect

  constructor(session: Session, place: StatePlace, dialect: StateDialect) {
    this.#session = session
    this.#table = stateTable(place, 'conflicts')
    this.#dialect = dialect
  }

  async record(conflicts: readonly Conflict[]): Promise<void> {
    if (conflicts.length === 0) return
    const alias = rowAlias((await this.#dialect()).dialect)
    const ordered = conflicts
      .map((conflict) => ({ conflict, hash: hashOf(conflict) }))
      .sort((a, b) => (a.hash < b.hash ? -1 : 1))
    await this.#session.transaction(
      async (transaction) => {
        for (let at = 0; at < ordered.length; at += CHUNK) {
          const rows = ordered.slice(at, at + CHUNK).map(
            ({
              conflict: c,
              hash,
            }) => sql`(${keyHash(c.flow)}, ${hash}, ${c.flow}, ${c.table}, ${JSON.stringify(c.key)},
              ${JSON.stringify(c.incoming)}, ${JSON.stringify(c.existing)}, ${c.decision}, 1, utc_timestamp(6), utc_timestamp(6))`,
          )
          await transaction.change(sql`
            insert into ${this.#table} (flow_hash, hash, flow, table_name, key_values, incoming, existing, decision, times, first_at, last_at)
            values ${sql.join(rows, sql`, `)} ${sql.raw(alias.clause)}
            on duplicate key update times = ${this.#table}.times + 1, decision = ${sql.raw(alias.incoming('decision'))},
              last_at = ${sql.raw(alias.incoming('last_at'))}`)
        }
      },
      { what: 'recording conflicts' },
    )
  }

  async count(flow: string): Promise<number> {
    const query = sql`select count(*) as count from ${this.#table} where flow_hash = ${keyHash(flow)}`
    const [{ count }] = Count.parse(await this.#session.execute(query, { what: 'counting conflicts' }))
    return count
  }

  async list(flow: string, { limit = CONFLICT_PAGE, after }: ConflictPage = {}): Promise<readonly StoredConflict[]> {
    const at = after === undefined ? '' : mysqlMoment(after.firstAt)
    const from = after === undefined ? sql`` : sql`and (first_at < ${at} or (first_at = ${at} and hash < ${after.id}))`
    const query = sql`
      select hash as id, flow, table_name as ${sql.raw('`table`')}, key_values as ${sql.raw('`key`')}, incoming, existing,
        decision, times, ${isoMoment(sql`first_at`)} as firstAt, ${isoMoment(sql`last_at`)} as lastAt
      from ${this.#table} where flow_hash = ${keyHash(flow)} ${from} order by first_at desc, hash desc limit ${limit}`
    const rows = await this.#session.execute(query, { what: 'listing conflicts' })
    return rows.map(storedConflict)
  }
}

function hashOf({ flow, table, key, incoming, existing }: Conflict): string {
  return keyHash(JSON.stringify([flow, table, key, incoming, existing]))
}
