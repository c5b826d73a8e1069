import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import { DataError } from '../../../core/errors.js'
import type { FenceCheck, LeaseRecord, LeaseStore, LeaseTaking } from '../../../core/lease.js'
import { asLease, nextEpoch } from '../../sql/stored-lease.js'
import type { ExecuteOptions, Session } from '../session/session.js'
import { isoMoment } from './moments.js'
import { keyHash, type StatePlace, stateTable } from './state-schema.js'

/** A renewal that takes longer is of no use: the lease expires meanwhile. */
const OPTIONS = { deadlineMs: 3_000, what: 'asking for the lease' } as const satisfies ExecuteOptions

const Epoch = z.tuple([z.object({ epoch: z.coerce.number() })])

/** `LeaseStore` on the tables `lockstep_leases` and `lockstep_fences`. */
export class MysqlLeases implements LeaseStore {
  readonly #session: Session
  readonly #patient: Session
  readonly #leases: SQL
  readonly #fences: SQL

  /** `session` has a connection for leases alone. Whoever raises a fence may wait for others, so that is done over `patient`. */
  constructor(session: Session, patient: Session, place: StatePlace) {
    this.#session = session
    this.#patient = patient
    this.#leases = stateTable(place, 'leases')
    this.#fences = stateTable(place, 'fences')
  }

  async look(flow: string): Promise<LeaseRecord | undefined> {
    const query = sql`select cast(epoch as char) as epoch, holder, instance, ${isoMoment(sql`since`)} as since,
        cast(timestampdiff(microsecond, utc_timestamp(6), expires_at) div 1000 as char) as leftMs,
        cast(expires_at as char) as renewal
      from ${this.#leases} where flow_hash = ${keyHash(flow)}`
    const [row] = await this.#session.execute(query, OPTIONS)
    return row && asLease(row)
  }

  async take(flow: string, taking: LeaseTaking): Promise<number | undefined> {
    const next = nextEpoch(taking)
    const taken = taking.epoch === undefined ? await this.#insert(flow, taking) : await this.#update(flow, taking)
    return taken ? next : undefined
  }

  async renew(flow: string, epoch: number, ms: number): Promise<boolean> {
    const query = sql`update ${this.#leases} set expires_at = ${inMs(ms)}
      where flow_hash = ${keyHash(flow)} and epoch = ${epoch} and instance is not null`
    return (await this.#session.change(query, OPTIONS)) > 0
  }

  async release(flow: string, epoch: number): Promise<void> {
    const query = sql`update ${this.#leases} set expires_at = utc_timestamp(6), holder = null, instance = null
      where flow_hash = ${keyHash(flow)} and epoch = ${epoch}`
    await this.#session.change(query, OPTIONS)
  }

  async raise(flow: string, epoch: number): Promise<number> {
    const options = { what: 'raising the fence' }
    await this.#patient.change(
      sql`insert into ${this.#fences} (flow_hash, flow, epoch) values (${keyHash(flow)}, ${flow}, ${epoch})
        on duplicate key update epoch = greatest(epoch, ${epoch})`,
      options,
    )
    const query = sql`select cast(epoch as char) as epoch from ${this.#fences} where flow_hash = ${keyHash(flow)}`
    return Epoch.parse(await this.#patient.execute(query, options))[0].epoch
  }

  /** SQL that holds where the fence has this epoch, and keeps it there until the transaction ends. */
  stands({ flow, epoch }: FenceCheck): SQL {
    return sql`exists (${this.#standing({ flow, epoch })})`
  }

  /** Whether it has, asked by itself. */
  async standsIn(transaction: Session, check: FenceCheck): Promise<boolean> {
    return (await transaction.execute(this.#standing(check), { what: 'asking for the fence' })).length > 0
  }

  #standing({ flow, epoch }: FenceCheck): SQL {
    return sql`select 1 from ${this.#fences} where flow_hash = ${keyHash(flow)} and epoch = ${epoch} lock in share mode`
  }

  async #insert(flow: string, taking: LeaseTaking): Promise<boolean> {
    const { holder, ms } = taking
    const query = sql`insert into ${this.#leases} (flow_hash, flow, epoch, holder, instance, since, expires_at)
      values (${keyHash(flow)}, ${flow}, ${nextEpoch(taking)}, ${holder.name}, ${holder.id}, utc_timestamp(6), ${inMs(ms)})`
    try {
      await this.#session.change(query, OPTIONS)
      return true
    } catch (error) {
      if (error instanceof DataError && error.code === 'unique-violation') return false
      throw error
    }
  }

  async #update(flow: string, taking: LeaseTaking): Promise<boolean> {
    const { epoch, holder, ms, held = false } = taking
    const free = held ? sql`` : sql`and expires_at <= utc_timestamp(6)`
    const query = sql`update ${this.#leases} set epoch = ${nextEpoch(taking)}, holder = ${holder.name},
        instance = ${holder.id}, since = utc_timestamp(6), expires_at = ${inMs(ms)}
      where flow_hash = ${keyHash(flow)} and epoch = ${epoch} ${free}`
    return (await this.#session.change(query, OPTIONS)) > 0
  }
}

function inMs(ms: number): SQL {
  return sql`utc_timestamp(6) + interval ${ms * 1000} microsecond`
}
