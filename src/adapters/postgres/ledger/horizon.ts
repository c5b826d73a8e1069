import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { scrub } from '../../../core/secret.js'
import type { Session } from '../session/session.js'

/**
 * A transaction that has an id and has not ended, in any database of the server. The oldest of them is the `xmin` of
 * every snapshot: the ledger remembers each id from there on. Replication slots and sessions that only read hold back
 * VACUUM, but no snapshot's `xmin`, so they are not among these.
 */
export interface OpenTransaction {
  readonly kind: 'session' | 'prepared'
  /** Who it is and since when, as one clause without a full stop. */
  readonly description: string
  /** How to end it, as SQL without a semicolon; for a prepared one, in its database. */
  readonly cure: string
  /** `undefined`: this role may not know (`pg_read_all_stats` may). */
  readonly openSeconds: number | undefined
}

const Open = z.object({
  kind: z.enum(['session', 'prepared']),
  name: z.string(),
  database: z.string().nullable(),
  application: z.string().nullable(),
  state: z.string().nullable(),
  since: z.string().nullable(),
  seconds: z.number().nullable(),
})

/** More than these help nobody. */
const MOST = 100

/** The oldest first; the session that asks is left out. */
export async function openTransactions(session: Session, signal: AbortSignal): Promise<readonly OpenTransaction[]> {
  const rows = await session.execute(
    sql`
    select kind, name, "database", application, state, extract(epoch from clock_timestamp() - began)::int4 as seconds,
      to_char(began at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"') as since
    from (
      select 'session' as kind, a.pid::text as name, a.datname::text as "database", a.application_name as application,
        a.state, a.xact_start as began, age(a.backend_xid) as ids
      from pg_catalog.pg_stat_activity a where a.backend_xid is not null and a.pid <> pg_backend_pid()
      union all
      select 'prepared', p.gid, p.database::text, null, null, p.prepared, age(p.transaction)
      from pg_catalog.pg_prepared_xacts p
    ) as open order by ids desc limit ${MOST}::int4`,
    { signal, what: 'asking for open transactions' },
  )
  return z.array(Open).parse(rows).map(toOpenTransaction)
}

/**
 * One sentence, without its full stop, naming who holds back the oldest transaction of the server and what ends it;
 * `undefined` when nobody does.
 */
export async function oldestHolder(session: Session, signal: AbortSignal): Promise<string | undefined> {
  const [oldest] = await openTransactions(session, signal)
  return oldest === undefined ? undefined : `${oldest.description}; ${oldest.cure} ends it`
}

function toOpenTransaction(row: z.infer<typeof Open>): OpenTransaction {
  const openSeconds = row.seconds === null ? undefined : Math.max(0, row.seconds)
  const where = row.database === null ? '' : ` in database ${row.database}`
  const since = openSeconds === undefined ? '' : ` since ${row.since ?? '?'} (${duration(openSeconds)})`
  if (row.kind === 'prepared') {
    const gid = `'${row.name.replaceAll("'", "''")}'`
    const description = `prepared transaction ${gid}${where} waits for its COMMIT${since}`
    return { kind: row.kind, description, cure: `ROLLBACK PREPARED ${gid}`, openSeconds }
  }
  const application = row.application ? ` (application ${scrub(row.application)})` : ''
  const state = row.state === null ? '' : `, ${row.state},`
  const description = `session ${row.name}${application}${where}${state} has a transaction open${since}`
  return { kind: row.kind, description, cure: `SELECT pg_terminate_backend(${row.name})`, openSeconds }
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} days`
}
