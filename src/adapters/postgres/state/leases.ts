import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { FenceCheck, LeaseRecord, LeaseStore, LeaseTaking } from '../../../core/lease.js'
import { asLease, nextEpoch } from '../../sql/stored-lease.js'
import { OWN_TRANSACTION, type OwnTransactions } from '../own-transactions.js'
import type { ExecuteOptions, ResultRow, Session } from '../session/session.js'
import { stateTable } from './state-schema.js'

/** A renewal that takes longer is of no use: the lease expires meanwhile. */
const OPTIONS = { deadlineMs: 3_000, what: 'asking for the lease' } as const satisfies ExecuteOptions

const Epoch = z.object({ epoch: z.coerce.number() })

/** `LeaseStore` on the tables `leases` and `fences`. */
export class PostgresLeases implements LeaseStore {
  readonly #session: Session
  readonly #patient: Session
  readonly #own: OwnTransactions
  readonly #leases: SQL
  readonly #fences: SQL

  /** `session` has a connection for leases alone. Whoever raises a fence may wait for others, so that is done over `patient`. */
  constructor(session: Session, patient: Session, { schema, own }: { schema: string; own: OwnTransactions }) {
    this.#session = session
    this.#patient = patient
    this.#own = own
    this.#leases = stateTable(schema, 'leases')
    this.#fences = stateTable(schema, 'fences')
  }

  async look(flow: string): Promise<LeaseRecord | undefined> {
    const query = sql`select epoch::text as epoch, holder, instance, expires_at::text as renewal,
        to_char(since at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as since,
        round(extract(epoch from expires_at - clock_timestamp()) * 1000)::text as "leftMs"
      from ${this.#leases} where flow = ${flow}`
    const [row] = await this.#session.execute(query, OPTIONS)
    return row && asLease(row)
  }

  async take(flow: string, taking: LeaseTaking): Promise<number | undefined> {
    const { epoch, holder, ms, held = false } = taking
    const next = nextEpoch(taking)
    const expires = sql`clock_timestamp() + make_interval(secs => ${ms / 1000})`
    const free = held ? sql`` : sql`and expires_at <= clock_timestamp()`
    const query =
      epoch === undefined
        ? sql`insert into ${this.#leases} (flow, epoch, holder, instance, since, expires_at)
            values (${flow}, ${next}, ${holder.name}, ${holder.id}, clock_timestamp(), ${expires})
            on conflict do nothing returning ${OWN_TRANSACTION}`
        : sql`update ${this.#leases} set epoch = ${next}, holder = ${holder.name}, instance = ${holder.id},
              since = clock_timestamp(), expires_at = ${expires}
            where flow = ${flow} and epoch = ${epoch} ${free} returning ${OWN_TRANSACTION}`
    return this.#changed(await this.#session.execute(query, OPTIONS)) ? next : undefined
  }

  async renew(flow: string, epoch: number, ms: number): Promise<boolean> {
    const query = sql`update ${this.#leases} set expires_at = clock_timestamp() + make_interval(secs => ${ms / 1000})
      where flow = ${flow} and epoch = ${epoch} and instance is not null returning ${OWN_TRANSACTION}`
    return this.#changed(await this.#session.execute(query, OPTIONS))
  }

  async release(flow: string, epoch: number): Promise<void> {
    const query = sql`update ${this.#leases} set expires_at = clock_timestamp(), holder = null, instance = null
      where flow = ${flow} and epoch = ${epoch} returning ${OWN_TRANSACTION}`
    this.#changed(await this.#session.execute(query, OPTIONS))
  }

  async raise(flow: string, epoch: number): Promise<number> {
    const query = sql`insert into ${this.#fences} as fence (flow, epoch) values (${flow}, ${epoch})
      on conflict (flow) do update set epoch = greatest(fence.epoch, excluded.epoch)
      returning epoch::text as epoch, ${OWN_TRANSACTION}`
    const [row] = await this.#patient.execute(query, { what: 'raising the fence' })
    this.#own.announce(z.object({ own_transaction: z.string() }).parse(row).own_transaction)
    return Epoch.parse(row).epoch
  }

  /** SQL that holds where each fence has its epoch, and keeps it there until the transaction ends. None: it holds. */
  stands(...checks: readonly FenceCheck[]): SQL {
    const each = checks.map(
      ({ flow, epoch }) =>
        sql`exists (select from ${this.#fences} where flow = ${flow} and epoch = ${epoch} for share)`,
    )
    return each.length === 0 ? sql`true` : sql.join(each, sql` and `)
  }

  /** Whether it does, asked by itself. */
  async standsIn(transaction: Session, ...checks: readonly FenceCheck[]): Promise<boolean> {
    const query = sql`select ${this.stands(...checks)} as stands`
    const [row] = await transaction.execute(query, { what: 'asking for the fence' })
    return z.object({ stands: z.boolean() }).parse(row).stands
  }

  #changed(rows: readonly ResultRow[]): boolean {
    if (rows.length > 0) this.#own.announceResult(rows)
    return rows.length > 0
  }
}
