import { z } from 'zod'
import type { Checkpoints } from '../../../core/batch.js'
import type { CheckpointMove, CheckpointStore } from '../../../core/checkpoint.js'
import { ConflictError } from '../../../core/errors.js'
import { fenced } from '../../sql/stored-lease.js'
import type { SqliteSession, Statements } from '../session/session.js'
import { FENCE_STANDS, type SqliteLeases } from './leases.js'

const Saved = z.array(z.object({ lane: z.string(), position: z.string() }))

/** `CheckpointStore` on the table `lockstep_checkpoints`. */
export class SqliteCheckpoints implements CheckpointStore {
  readonly #session: SqliteSession

  readonly #leases: SqliteLeases

  constructor(session: SqliteSession, leases: SqliteLeases) {
    this.#session = session
    this.#leases = leases
  }

  async load(flow: string): Promise<Checkpoints> {
    const sql = 'select lane, position from lockstep_checkpoints where flow = ?'
    const { rows } = await this.#session.execute(sql, [flow], { what: 'loading checkpoints' })
    return new Map(Saved.parse(rows).map(({ lane, position }) => [lane, position]))
  }

  async save(move: CheckpointMove): Promise<void> {
    await this.saveIn(this.#session, move)
  }

  async reset(flow: string): Promise<number> {
    const sql = 'delete from lockstep_checkpoints where flow = ?'
    const { changed } = await this.#session.execute(sql, [flow], { what: 'taking checkpoints away' })
    return changed
  }

  async saveIn(statements: Statements, move: CheckpointMove): Promise<void> {
    const { flow, lane, position, expected, epoch } = move
    const [stands, fence] = epoch === undefined ? ['true', []] : [FENCE_STANDS, [flow, epoch]]
    const now = new Date().toISOString()
    const what = { what: 'saving a checkpoint' }
    const { changed } =
      expected === undefined
        ? await statements.execute(
            `insert into lockstep_checkpoints select ?, ?, ?, ? where ${stands} on conflict do nothing`,
            [flow, lane, position, now, ...fence],
            what,
          )
        : await statements.execute(
            `update lockstep_checkpoints set position = ?, updated_at = ?
              where flow = ? and lane = ? and position = ? and ${stands}`,
            [position, now, flow, lane, expected, ...fence],
            what,
          )
    if (changed > 0) return
    if (epoch !== undefined && !(await this.#leases.standsIn(statements, { flow, epoch }))) throw fenced(flow, epoch)
    const message = `flow ${flow}, lane ${lane}: the saved checkpoint is not the expected one; another instance of this flow moved it`
    throw new ConflictError('checkpoint-moved', message)
  }
}
