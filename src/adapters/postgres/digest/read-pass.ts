import { sql } from 'drizzle-orm'
import type { Session, TransactionOptions } from '../session/session.js'

/** A pass over a very large table; the usual deadline of a statement is made for small ones. */
const PASS_MS = 6 * 3_600_000
/** So that the sums of 65,536 buckets, or a large sort, stay in memory; one statement at a time takes it. */
const WORK_MEMORY = '128MB'
/** How long the reader may think between two pages. */
const IDLE_MS = 600_000

/**
 * Runs one read-only pass over a table in one snapshot, which ends with it: a snapshot that is held longer keeps the
 * whole cluster from cleaning up, so the passes of one comparison each have their own.
 */
export async function readPass<Result>(
  session: Session,
  options: { readonly what: string; readonly signal: AbortSignal },
  work: (transaction: Session) => Promise<Result>,
): Promise<Result> {
  const transaction: TransactionOptions = {
    ...options,
    isolation: 'repeatable read',
    readOnly: true,
    deadlineMs: PASS_MS,
  }
  return session.transaction(async (opened) => {
    // The connection check: a backend whose client has gone stops at once, not at the end of its scan.
    await opened.execute(sql`
      select set_config('work_mem', ${WORK_MEMORY}, true), set_config('jit', 'off', true), set_config('client_connection_check_interval', '1s', true),
        set_config('idle_in_transaction_session_timeout', ${String(IDLE_MS)}, true)`)
    return work(opened)
  }, transaction)
}
