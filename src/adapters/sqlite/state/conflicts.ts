import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Conflict, ConflictPage, ConflictStore, StoredConflict } from '../../../core/state.js'
import { CONFLICT_PAGE, storedConflict } from '../../sql/stored-conflict.js'
import type { SqliteSession } from '../session/session.js'

const Count = z.tuple([z.object({ count: z.coerce.number() })])

/** `ConflictStore` on the table `lockstep_conflicts`. */
export class SqliteConflicts implements ConflictStore {
  readonly #session: SqliteSession

  constructor(session: SqliteSession) {
    this.#session = session
  }

  async record(conflicts: readonly Conflict[]): Promise<void> {
    if (conflicts.length === 0) return
    const options = { what: 'recording conflicts' }
    await this.#session.transaction(async (transaction) => {
      const now = new Date().toISOString()
      for (const { flow, table, key, incoming, existing, decision } of conflicts) {
        const texts = [key, incoming, existing].map((row) => JSON.stringify(row))
        const hash = createHash('sha256')
          .update(JSON.stringify([flow, table, key, incoming, existing]))
          .digest('hex')
        await transaction.execute(
          `insert into lockstep_conflicts values (?, ?, ?, ?, ?, ?, ?, 1, ?, ?)
            on conflict do update set times = times + 1, decision = excluded.decision, last_at = excluded.last_at`,
          [flow, hash, table, ...texts, decision, now, now],
          options,
        )
      }
    }, options)
  }

  async count(flow: string): Promise<number> {
    const sql = 'select count(*) as count from lockstep_conflicts where flow = ?'
    const { rows } = await this.#session.execute(sql, [flow], { what: 'counting conflicts' })
    const [{ count }] = Count.parse(rows)
    return count
  }

  async list(flow: string, { limit = CONFLICT_PAGE, after }: ConflictPage = {}): Promise<readonly StoredConflict[]> {
    const from = after === undefined ? '' : ' and (first_at, hash) < (?, ?)'
    const { rows } = await this.#session.execute(
      `select hash as id, flow, table_name as "table", key_values as "key", incoming, existing, decision, times,
          first_at as firstAt, last_at as lastAt
        from lockstep_conflicts where flow = ?${from} order by first_at desc, hash desc limit ?`,
      [flow, ...(after === undefined ? [] : [after.firstAt, after.id]), limit],
      { what: 'listing conflicts' },
    )
    return rows.map(storedConflict)
  }
}
