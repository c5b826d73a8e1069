import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Checkpoints } from '../../../core/batch.js'
import type { CheckpointMove, CheckpointStore } from '../../../core/checkpoint.js'
import { ConflictError, DataError } from '../../../core/errors.js'
import { fenced } from '../../sql/stored-lease.js'
import type { Session } from '../session/session.js'
import type { MysqlLeases } from './leases.js'
import { keyHash, type StatePlace, stateTable } from './state-schema.js'

const Saved = z.array(z.object({ lane: z.string(), position: z.string() }))

/** `CheckpointStore` on the table `lockstep_checkpoints`. */
export class MysqlCheckpoints implements CheckpointStore {
  readonly #session: Session
  readonly #leases: MysqlLeases
  readonly #table: SQL

  constructor(session: Session, leases: MysqlLeases, place: StatePlace) {
    this.#session = session
    this.#leases = leases
    this.#table = stateTable(place, 'checkpoints')
  }

  async load(flow: string): Promise<Checkpoints> {
    const query = sql`select lane, position from ${this.#table} where flow_hash = ${keyHash(flow)}`
    const rows = await this.#session.execute(query, { what: 'loading checkpoints' })
    return new Map(Saved.parse(rows).map(({ lane, position }) => [lane, position]))
  }

  async save(move: CheckpointMove): Promise<void> {
    await this.saveIn(this.#session, move)
  }

  async reset(flow: string): Promise<number> {
    const query = sql`delete from ${this.#table} where flow_hash = ${keyHash(flow)}`
    return this.#session.change(query, { what: 'taking checkpoints away' })
  }

  /**
   * As `save`, in a transaction that is open already: the position commits with the items. The fence is asked in the same
   * statement, so that it costs no round trip.
   */
  async saveIn(session: Session, move: CheckpointMove): Promise<void> {
    const moved = move.expected === undefined ? await this.#insert(session, move) : await this.#update(session, move)
    if (moved) return
    const { flow, lane, epoch } = move
    if (epoch !== undefined && !(await this.#leases.standsIn(session, { flow, epoch }))) throw fenced(flow, epoch)
    const message = `flow ${flow}, lane ${lane}: the saved checkpoint is not the expected one; another instance of this flow moved it`
    throw new ConflictError('checkpoint-moved', message)
  }

  async #insert(session: Session, move: CheckpointMove): Promise<boolean> {
    const { flow, lane, position } = move
    const query = sql`insert into ${this.#table} (flow_hash, lane_hash, flow, lane, position, updated_at)
      select ${keyHash(flow)}, ${keyHash(lane)}, ${flow}, ${lane}, ${position}, utc_timestamp(6) from dual
      where ${this.#stands(move)}`
    try {
      return (await session.change(query, { what: 'saving a checkpoint' })) > 0
    } catch (error) {
      if (error instanceof DataError && error.code === 'unique-violation') return false
      throw error
    }
  }

  /** Bytes are compared: for texts, a space at the end counts for nothing. */
  async #update(session: Session, move: CheckpointMove): Promise<boolean> {
    const { flow, lane, position, expected } = move
    const query = sql`update ${this.#table} set position = ${position}, updated_at = utc_timestamp(6)
      where flow_hash = ${keyHash(flow)} and lane_hash = ${keyHash(lane)}
        and cast(position as binary) = cast(${expected} as binary) and ${this.#stands(move)}`
    return (await session.change(query, { what: 'saving a checkpoint' })) > 0
  }

  #stands({ flow, epoch }: CheckpointMove): SQL {
    return epoch === undefined ? sql`1 = 1` : this.#leases.stands({ flow, epoch })
  }
}
