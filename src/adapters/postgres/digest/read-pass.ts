import { sql } from 'drizzle-orm'
import { UnavailableError } from '../../../core/errors.js'
import type { Session, TransactionOptions } from '../session/session.js'

/** A pass over a very large table; the usual deadline of a statement is made for small ones. */
export const PASS_MS = 6 * 3_600_000
/** So that the sums of 65,536 buckets, or a large sort, stay in memory; one statement at a time takes it. */
const WORK_MEMORY = '128MB'
/** How long the reader may think between two pages. */
const IDLE_MS = 600_000

export interface ReadPassOptions {
  readonly what: string
  readonly signal: AbortSignal
  /** One that another pass has exported and still holds. Default: one of its own. */
  readonly snapshot?: string
}

/** Whoever exported the snapshot holds it no longer, or exported it on another server or database. */
export class SnapshotGone extends Error {}

/** Throws `SnapshotGone`. */
export async function importSnapshot(session: Session, snapshot: string): Promise<void> {
  // Its name may come from a queue.
  if (!/^[0-9A-Fa-f-]{1,64}$/.test(snapshot)) throw new SnapshotGone('this is not the name of a snapshot')
  try {
    await session.execute(sql.raw(`set transaction snapshot '${snapshot}'`))
  } catch (error) {
    if (error instanceof UnavailableError) throw error
    throw new SnapshotGone('the snapshot is gone', { cause: error })
  }
}

/**
 * Runs one read-only pass over a table in one snapshot, which ends with it: a snapshot that is held longer keeps the
 * whole cluster from cleaning up, so the passes of one comparison each have their own.
 */
export async function readPass<Result>(
  session: Session,
  { snapshot, ...options }: ReadPassOptions,
  work: (transaction: Session) => Promise<Result>,
): Promise<Result> {
  const transaction: TransactionOptions = {
    ...options,
    isolation: 'repeatable read',
    readOnly: true,
    deadlineMs: PASS_MS,
  }
  return session.transaction(async (opened) => {
    if (snapshot !== undefined) await importSnapshot(opened, snapshot)
    // The connection check: a backend whose client has gone stops at once, not at the end of its scan.
    await opened.execute(sql`
      select set_config('work_mem', ${WORK_MEMORY}, true), set_config('jit', 'off', true), set_config('client_connection_check_interval', '1s', true),
        set_config('idle_in_transaction_session_timeout', ${String(IDLE_MS)}, true)`)
    return work(opened)
  }, transaction)
}
