import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Checkpoints } from '../../../core/batch.js'
import type { CheckpointMove, CheckpointStore } from '../../../core/checkpoint.js'
import { ConflictError } from '../../../core/errors.js'
import type { FenceCheck } from '../../../core/lease.js'
import { fenced } from '../../sql/stored-lease.js'
import { OWN_TRANSACTION, type OwnTransactions } from '../own-transactions.js'
import type { Session } from '../session/session.js'
import type { PostgresLeases } from './leases.js'
import { stateTable } from './state-schema.js'

/** A step within a transaction that does more. */
export interface PostgresMove extends CheckpointMove {
  /** The transaction also writes rows, and whoever writes them announces it. Default false. */
  readonly withRows?: boolean
  /** More fences that must stand. */
  readonly fences?: readonly FenceCheck[] | undefined
}

const Saved = z.array(z.object({ lane: z.string(), position: z.string() }))

/** `CheckpointStore` on the table `checkpoints`. */
export class PostgresCheckpoints implements CheckpointStore {
  readonly #session: Session
  readonly #own: OwnTransactions
  readonly #leases: PostgresLeases
  readonly #table

  constructor(session: Session, leases: PostgresLeases, { schema, own }: { schema: string; own: OwnTransactions }) {
    this.#session = session
    this.#own = own
    this.#leases = leases
    this.#table = stateTable(schema, 'checkpoints')
  }

  async load(flow: string): Promise<Checkpoints> {
    const query = sql`select lane, position from ${this.#table} where flow = ${flow}`
    const rows = await this.#session.execute(query, { what: 'loading checkpoints' })
    return new Map(Saved.parse(rows).map(({ lane, position }) => [lane, position]))
  }

  async save(move: CheckpointMove): Promise<void> {
    await this.saveIn(this.#session, move)
  }

  async reset(flow: string): Promise<number> {
    const query = sql`delete from ${this.#table} where flow = ${flow} returning ${OWN_TRANSACTION}`
    const gone = await this.#session.execute(query, { what: 'taking checkpoints away' })
    if (gone.length > 0) this.#own.announceResult(gone)
    return gone.length
  }

  /** The fence is asked in the same statement, so that it costs no round trip. */
  async saveIn(session: Session, move: PostgresMove): Promise<void> {
    const { flow, lane, position, expected, withRows = false } = move
    const stands = this.#leases.stands(...checksOf(move))
    const query =
      expected === undefined
        ? sql`insert into ${this.#table} (flow, lane, position) select ${flow}, ${lane}, ${position} where ${stands}
              on conflict do nothing returning ${OWN_TRANSACTION}`
        : sql`update ${this.#table} set position = ${position}, updated_at = now()
              where flow = ${flow} and lane = ${lane} and position = ${expected} and ${stands} returning ${OWN_TRANSACTION}`
    const moved = await session.execute(query, { what: 'saving a checkpoint' })
    if (moved.length === 0) throw await this.#refusal(session, move)
    if (!withRows) this.#own.announceResult(moved)
  }

  async #refusal(session: Session, move: PostgresMove): Promise<Error> {
    const { flow, lane, epoch } = move
    if (epoch !== undefined && !(await this.#leases.standsIn(session, ...checksOf(move)))) return fenced(flow, epoch)
    return moveConflict(flow, lane)
  }
}

/** All fences that a write of the flow asks. */
export function checksOf({
  flow,
  epoch,
  fences = [],
}: Pick<PostgresMove, 'flow' | 'epoch' | 'fences'>): readonly FenceCheck[] {
  return epoch === undefined ? [] : [{ flow, epoch }, ...fences]
}

function moveConflict(flow: string, lane: string): ConflictError {
  const message = `flow ${flow}, lane ${lane}: the saved checkpoint is not the expected one; another instance of this flow moved it`
  return new ConflictError('checkpoint-moved', message)
}
