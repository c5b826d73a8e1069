import { sql } from 'drizzle-orm'
import { UnavailableError } from '../../../core/errors.js'
import type { ResultRow, Session } from '../session/session.js'
import type { Poll } from './ledger.js'
import { parseSnapshot, type Snapshot } from './snapshot.js'

interface PollRow extends ResultRow {
  readonly snapshot: string
  readonly pages: string | null
  readonly filenode: string | null
  readonly toast: string
  readonly written: string
  readonly flushed: string
}

/** One small statement; some 0.1 ms of server time. */
export async function pollTable(session: Session, oid: string, label: string, signal: AbortSignal): Promise<Poll> {
  const [row] = await session.execute<PollRow>(
    sql`
    select pg_current_snapshot()::text as snapshot,
      (pg_relation_size(c.oid) / current_setting('block_size')::int8)::text as pages,
      pg_relation_filenode(c.oid)::text as filenode,
      (case when c.reltoastrelid = 0 then 0 else pg_relation_size(c.reltoastrelid) end)::text as toast,
      (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::text as written,
      (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::text as flushed
    from pg_class as c where c.oid = ${oid}::oid`,
    { signal },
  )
  if (row === undefined || row.pages === null || row.filenode === null) {
    throw new UnavailableError(
      'table-gone',
      `${label}: the table was dropped; the flow waits for it, and has to be started again once it was made anew`,
    )
  }
  return {
    snapshot: parseSnapshot(row.snapshot),
    pages: Number(row.pages),
    filenode: row.filenode,
    toastBytes: Number(row.toast ?? 0),
    written: BigInt(row.written),
    flushed: BigInt(row.flushed),
  }
}

/** The server looks each so often, so many times in one statement; together half a second. */
const LOOK_SECONDS = 0.004
const LOOKS = 120
const COMMIT_DEADLINE_MS = 10_000

/**
 * Resolves when something was committed since the snapshot, or after half a second. The server does the waiting: each
 * look takes a snapshot of its own there, which costs both sides less than a round trip, and this process nothing.
 */
export async function awaitCommit(session: Session, since: Snapshot, signal: AbortSignal): Promise<void> {
  if (!/^[\d:,]+$/.test(since.text)) throw new TypeError('a snapshot is digits, colons and commas')
  // DO takes no parameters.
  const loop = `do $$ begin
    for look in 1..${LOOKS} loop
      exit when pg_catalog.pg_current_snapshot()::text <> '${since.text}';
      perform pg_catalog.pg_sleep(${LOOK_SECONDS});
    end loop;
  end $$`
  await session.execute(sql.raw(loop), { signal, deadlineMs: COMMIT_DEADLINE_MS })
}
