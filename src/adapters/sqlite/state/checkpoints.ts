import { z } from 'zod'
import type { Checkpoints } from '../../../core/batch.js'
import type { CheckpointStore } from '../../../core/checkpoint.js'
import { ConflictError } from '../../../core/errors.js'
import type { SqliteSession, Statements } from '../session/session.js'

/** A lane's step from `expected` (`undefined`: nothing saved yet) to `position`. */
export interface CheckpointMove {
  readonly flow: string
  readonly lane: string
  readonly position: string
  readonly expected: string | undefined
}

const Saved = z.array(z.object({ lane: z.string(), position: z.string() }))

/** `CheckpointStore` on the table `lockstep_checkpoints`. */
export class SqliteCheckpoints implements CheckpointStore {
  readonly #session: SqliteSession

  constructor(session: SqliteSession) {
    this.#session = session
  }

  async load(flow: string): Promise<Checkpoints> {
    const sql = 'select lane, position from lockstep_checkpoints where flow = ?'
    const { rows } = await this.#session.execute(sql, [flow], { what: 'loading checkpoints' })
    return new Map(Saved.parse(rows).map(({ lane, position }) => [lane, position]))
  }

  async save(flow: string, lane: string, position: string, expected: string | undefined): Promise<void> {
    await this.saveIn(this.#session, { flow, lane, position, expected })
  }

  async reset(flow: string): Promise<number> {
    const sql = 'delete from lockstep_checkpoints where flow = ?'
    const { changed } = await this.#session.execute(sql, [flow], { what: 'taking checkpoints away' })
    return changed
  }

  async saveIn(statements: Statements, { flow, lane, position, expected }: CheckpointMove): Promise<void> {
    const now = new Date().toISOString()
    const what = { what: 'saving a checkpoint' }
    const { changed } =
      expected === undefined
        ? await statements.execute(
            'insert into lockstep_checkpoints values (?, ?, ?, ?) on conflict do nothing',
            [flow, lane, position, now],
            what,
          )
        : await statements.execute(
            'update lockstep_checkpoints set position = ?, updated_at = ? where flow = ? and lane = ? and position = ?',
            [position, now, flow, lane, expected],
            what,
          )
    if (changed > 0) return
    const message = `flow ${flow}, lane ${lane}: the saved checkpoint is not the expected one; another instance of this flow moved it`
    throw new ConflictError('checkpoint-moved', message)
  }
}
