import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Diagnosis } from '../../../core/diagnosis.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import type { PostgresHandle } from '../handle.js'
import { openTransactions } from '../ledger/horizon.js'
import type { PostgresIdentity } from '../session/identity.js'
import type { Patient } from './finding.js'

const Who = z.tuple([z.object({ role: z.string(), database: z.string() })])

export async function askWho(database: PostgresHandle, signal: AbortSignal): Promise<Patient> {
  const rows = await database.session.execute(
    sql`select current_user::text as role, current_database()::text as database`,
    { signal, what: 'asking for the role' },
  )
  const [who] = Who.parse(rows)
  return { database, role: quoteIdentifier(who.role), databaseName: quoteIdentifier(who.database), signal }
}

export function diagnoseIdentity({ database, role }: Patient, identity: PostgresIdentity): readonly Diagnosis[] {
  const subject = database.label
  const found: Diagnosis = { level: 'ok', subject, message: `${identity.version} answers, as role ${role}` }
  if (identity.exact) return [found]
  const message =
    'this role may not ask for the identity of the server, so another one behind this address goes unnoticed'
  const fix = `GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system() TO ${role};`
  return [found, { level: 'warn', subject, message, fix }]
}

export function diagnoseStandby(database: PostgresHandle, identity: PostgresIdentity): Diagnosis {
  const message = `${identity.version} answers, a standby or in recovery: nothing can be written to it`
  return { level: 'error', subject: database.label, message, fix: 'give the URL of the primary' }
}

export function diagnoseTls({ label, tls, local }: PostgresHandle): Diagnosis {
  if (tls === 'verified')
    return { level: 'ok', subject: label, message: 'the connection is encrypted, its certificate verified' }
  if (local) return { level: 'ok', subject: label, message: 'the connection does not leave this machine' }
  const fix = 'give the certificate authority with postgres(url, { ca }) and take insecureTls out'
  const message =
    tls === 'off'
      ? 'the connection is not encrypted: password and rows can be read on the way'
      : 'the connection is encrypted, but whoever answers is trusted'
  return { level: 'warn', subject: label, message, fix }
}

const Settings = z.tuple([z.object({ read_only: z.boolean(), durable: z.boolean(), vacuums: z.boolean() })])

/** Settings of the server, the database or the role that a mirror is touched by. Its own sessions are durable anyway. */
export async function diagnoseSettings({ database, role, signal }: Patient): Promise<readonly Diagnosis[]> {
  const rows = await database.session.execute(
    sql`select current_setting('default_transaction_read_only')::bool as read_only,
      (select reset_val <> 'off' from pg_catalog.pg_settings where name = 'synchronous_commit') as durable,
      current_setting('autovacuum')::bool and current_setting('track_counts')::bool as vacuums`,
    { signal, what: 'reading settings' },
  )
  const [{ read_only: readOnly, durable, vacuums }] = Settings.parse(rows)
  const subject = database.label
  const found: Diagnosis[] = []
  if (readOnly) {
    const message = 'transactions of this role are read only (default_transaction_read_only)'
    found.push({ level: 'error', subject, message, fix: `ALTER ROLE ${role} SET default_transaction_read_only = off;` })
  }
  if (!durable) {
    const message = 'synchronous_commit is off: a crash of the server undoes commits that it has already confirmed'
    found.push({ level: 'warn', subject, message, fix: `ALTER ROLE ${role} SET synchronous_commit = on;` })
  }
  if (!vacuums) {
    const message = 'autovacuum is off on this server: tables only grow, and old transaction ids are never freed'
    const fix = 'ALTER SYSTEM SET autovacuum = on; ALTER SYSTEM SET track_counts = on; SELECT pg_reload_conf();'
    found.push({ level: 'warn', subject, message, fix })
  }
  return found.length > 0 ? found : [{ level: 'ok', subject, message: 'commits are durable, autovacuum is on' }]
}

/** An older transaction is worth a word. */
const OLD_SECONDS = 60
const SHOWN = 5

/** Who keeps the oldest transaction of the server open: until it ends, the ledger remembers all that came later. */
export async function diagnoseTransactions(
  { database, role, signal }: Patient,
  oldSeconds = OLD_SECONDS,
): Promise<readonly Diagnosis[]> {
  const subject = database.label
  const open = await openTransactions(database.session, signal)
  const old = open.filter(({ openSeconds }) => openSeconds !== undefined && openSeconds >= oldSeconds)
  const hidden = open.filter(({ openSeconds }) => openSeconds === undefined).length
  const found = old.slice(0, SHOWN).map(
    ({ kind, description, cure }): Diagnosis => ({
      level: 'warn',
      subject,
      message: `${description}: rows still flow, but more and more has to be remembered until it ends`,
      fix: kind === 'session' ? `${cure};` : `${cure}; -- or COMMIT PREPARED, in its database`,
    }),
  )
  if (old.length > SHOWN)
    found.push({ level: 'warn', subject, message: `${old.length - SHOWN} more such transactions` })
  if (hidden > 0) {
    const fix = `GRANT pg_read_all_stats TO ${role};`
    found.push({
      level: 'ok',
      subject,
      message: `open transactions of others: ${hidden}; this role may not know since when`,
      fix,
    })
  }
  return found.length > 0
    ? found
    : [{ level: 'ok', subject, message: 'no transaction is open for longer than a minute' }]
}
