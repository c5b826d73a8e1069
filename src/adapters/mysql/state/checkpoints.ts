import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Checkpoints } from '../../../core/batch.js'
import type { CheckpointStore } from '../../../core/checkpoint.js'
import { ConflictError, DataError } from '../../../core/errors.js'
import type { Session } from '../session/session.js'
import { keyHash, type StatePlace, stateTable } from './state-schema.js'

/** A lane's step from `expected` (`undefined`: nothing saved yet) to `position`. */
export interface CheckpointMove {
  readonly flow: string
  readonly lane: string
  readonly position: string
  readonly expected: string | undefined
}

const Saved = z.array(z.object({ lane: z.string(), position: z.string() }))

/** `CheckpointStore` on the table `lockstep_checkpoints`. */
export class MysqlCheckpoints implements CheckpointStore {
  readonly #session: Session
  readonly #table: SQL

  constructor(session: Session, place: StatePlace) {
    this.#session = session
    this.#table = stateTable(place, 'checkpoints')
  }

  async load(flow: string): Promise<Checkpoints> {
    const query = sql`select lane, position from ${this.#table} where flow_hash = ${keyHash(flow)}`
    const rows = await this.#session.execute(query, { what: 'loading checkpoints' })
    return new Map(Saved.parse(rows).map(({ lane, position }) => [lane, position]))
  }

  async save(flow: string, lane: string, position: string, expected: string | undefined): Promise<void> {
    await this.saveIn(this.#session, { flow, lane, position, expected })
  }

  async reset(flow: string): Promise<number> {
    const query = sql`delete from ${this.#table} where flow_hash = ${keyHash(flow)}`
    return this.#session.change(query, { what: 'taking checkpoints away' })
  }

  /** As `save`, in a transaction that is open already: the position commits with the items. */
  async saveIn(session: Session, move: CheckpointMove): Promise<void> {
    const moved = move.expected === undefined ? await this.#insert(session, move) : await this.#update(session, move)
    if (moved) return
    const message = `flow ${move.flow}, lane ${move.lane}: the saved checkpoint is not the expected one; another instance of this flow moved it`
    throw new ConflictError('checkpoint-moved', message)
  }

  async #insert(session: Session, { flow, lane, position }: CheckpointMove): Promise<boolean> {
    const query = sql`insert into ${this.#table} (flow_hash, lane_hash, flow, lane, position, updated_at)
      values (${keyHash(flow)}, ${keyHash(lane)}, ${flow}, ${lane}, ${position}, utc_timestamp(6))`
    try {
      await session.change(query, { what: 'saving a checkpoint' })
      return true
    } catch (error) {
      if (error instanceof DataError && error.code === 'unique-violation') return false
      throw error
    }
  }

  /** Bytes are compared: for texts, a space at the end counts for nothing. */
  async #update(session: Session, { flow, lane, position, expected }: CheckpointMove): Promise<boolean> {
    const query = sql`update ${this.#table} set position = ${position}, updated_at = utc_timestamp(6)
      where flow_hash = ${keyHash(flow)} and lane_hash = ${keyHash(lane)}
        and cast(position as binary) = cast(${expected} as binary)`
    return (await session.change(query, { what: 'saving a checkpoint' })) > 0
  }
}
