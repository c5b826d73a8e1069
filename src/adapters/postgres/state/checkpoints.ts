import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Checkpoints } from '../../../core/batch.js'
import type { CheckpointStore } from '../../../core/checkpoint.js'
import { ConflictError } from '../../../core/errors.js'
import { OWN_TRANSACTION, type OwnTransactions } from '../own-transactions.js'
import type { Session } from '../session/session.js'
import { stateTable } from './state-schema.js'

/** A lane's step from `expected` (`undefined`: nothing saved yet) to `position`. */
export interface CheckpointMove {
  readonly flow: string
  readonly lane: string
  readonly position: string
  readonly expected: string | undefined
  /** The transaction also writes rows, and whoever writes them announces it. Default false. */
  readonly withRows?: boolean
}

const Saved = z.array(z.object({ lane: z.string(), position: z.string() }))

/** `CheckpointStore` on the table `checkpoints`. */
export class PostgresCheckpoints implements CheckpointStore {
  readonly #session: Session
  readonly #own: OwnTransactions
  readonly #table

  constructor(session: Session, schema: string, own: OwnTransactions) {
    this.#session = session
    this.#own = own
    this.#table = stateTable(schema, 'checkpoints')
  }

  async load(flow: string): Promise<Checkpoints> {
    const query = sql`select lane, position from ${this.#table} where flow = ${flow}`
    const rows = await this.#session.execute(query, { what: 'loading checkpoints' })
    return new Map(Saved.parse(rows).map(({ lane, position }) => [lane, position]))
  }

  async save(flow: string, lane: string, position: string, expected: string | undefined): Promise<void> {
    await this.saveIn(this.#session, { flow, lane, position, expected })
  }

  async reset(flow: string): Promise<number> {
    const query = sql`delete from ${this.#table} where flow = ${flow} returning ${OWN_TRANSACTION}`
    const gone = await this.#session.execute(query, { what: 'taking checkpoints away' })
    if (gone.length > 0) this.#own.announceResult(gone)
    return gone.length
  }

  async saveIn(session: Session, { flow, lane, position, expected, withRows = false }: CheckpointMove): Promise<void> {
    const query =
      expected === undefined
        ? sql`insert into ${this.#table} (flow, lane, position) values (${flow}, ${lane}, ${position})
              on conflict do nothing returning ${OWN_TRANSACTION}`
        : sql`update ${this.#table} set position = ${position}, updated_at = now()
              where flow = ${flow} and lane = ${lane} and position = ${expected} returning ${OWN_TRANSACTION}`
    const moved = await session.execute(query, { what: 'saving a checkpoint' })
    if (moved.length === 0) throw moveConflict(flow, lane)
    if (!withRows) this.#own.announceResult(moved)
  }
}

function moveConflict(flow: string, lane: string): ConflictError {
  const message = `flow ${flow}, lane ${lane}: the saved checkpoint is not the expected one; another instance of this flow moved it`
  return new ConflictError('checkpoint-moved', message)
}
