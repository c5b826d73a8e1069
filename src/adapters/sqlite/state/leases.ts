import { z } from 'zod'
import type { FenceCheck, LeaseRecord, LeaseStore, LeaseTaking } from '../../../core/lease.js'
import { asLease, nextEpoch } from '../../sql/stored-lease.js'
import type { SqliteSession, Statements } from '../session/session.js'

const OPTIONS = { what: 'asking for the lease' }

const Row = z.looseObject({ expiresMs: z.coerce.number() })
const Epoch = z.tuple([z.object({ epoch: z.coerce.number() })])

/** Holds where the fence has this epoch; parameters: flow, epoch. A transaction that writes has the file for itself. */
export const FENCE_STANDS = 'exists (select 1 from lockstep_fences where flow = ? and epoch = ?)'

/** `LeaseStore` on the tables `lockstep_leases` and `lockstep_fences`. The clock is that of the machine, which has the file. */
export class SqliteLeases implements LeaseStore {
  readonly #session: SqliteSession

  constructor(session: SqliteSession) {
    this.#session = session
  }

  async look(flow: string): Promise<LeaseRecord | undefined> {
    const sql = `select epoch, holder, instance, since, expires_ms as expiresMs, expires_ms as renewal
      from lockstep_leases where flow = ?`
    const { rows } = await this.#session.execute(sql, [flow], OPTIONS)
    const [row] = rows
    return row && asLease({ ...row, leftMs: Row.parse(row).expiresMs - Date.now() })
  }

  async take(flow: string, taking: LeaseTaking): Promise<number | undefined> {
    const { epoch, holder, ms, held = false } = taking
    const next = nextEpoch(taking)
    const now = Date.now()
    const since = new Date(now).toISOString()
    const { changed } =
      epoch === undefined
        ? await this.#session.execute(
            'insert into lockstep_leases values (?, ?, ?, ?, ?, ?) on conflict do nothing',
            [flow, next, holder.name, holder.id, since, now + ms],
            OPTIONS,
          )
        : await this.#session.execute(
            `update lockstep_leases set epoch = ?, holder = ?, instance = ?, since = ?, expires_ms = ?
              where flow = ? and epoch = ? and expires_ms <= ?`,
            [next, holder.name, holder.id, since, now + ms, flow, epoch, held ? Number.MAX_SAFE_INTEGER : now],
            OPTIONS,
          )
    return changed > 0 ? next : undefined
  }

  async renew(flow: string, epoch: number, ms: number): Promise<boolean> {
    const sql = 'update lockstep_leases set expires_ms = ? where flow = ? and epoch = ? and instance is not null'
    return (await this.#session.execute(sql, [Date.now() + ms, flow, epoch], OPTIONS)).changed > 0
  }

  async release(flow: string, epoch: number): Promise<void> {
    const sql = 'update lockstep_leases set expires_ms = ?, holder = null, instance = null where flow = ? and epoch = ?'
    await this.#session.execute(sql, [Date.now(), flow, epoch], OPTIONS)
  }

  async raise(flow: string, epoch: number): Promise<number> {
    const options = { what: 'raising the fence' }
    const { rows } = await this.#session.execute(
      `insert into lockstep_fences values (?, ?)
        on conflict do update set epoch = max(epoch, excluded.epoch) returning epoch`,
      [flow, epoch],
      options,
    )
    return Epoch.parse(rows)[0].epoch
  }

  async standsIn(transaction: Statements, { flow, epoch }: FenceCheck): Promise<boolean> {
    const { rows } = await transaction.execute(`select 1 where ${FENCE_STANDS}`, [flow, epoch], {
      what: 'asking for the fence',
    })
    return rows.length > 0
  }
}
