import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Diagnosis } from '../../../core/diagnosis.js'
import type { MysqlHandle } from '../handle.js'
import type { ServerFacts } from '../session/dialect.js'
import { lookupState } from '../state/state-schema.js'

const Who = z.tuple([z.object({ user: z.string() })])

export async function diagnoseIdentity(
  database: MysqlHandle,
  { identity }: ServerFacts,
  signal: AbortSignal,
): Promise<Diagnosis> {
  const rows = await database.session.execute(sql`select current_user() as user`, {
    signal,
    what: 'asking for the user',
  })
  const [{ user }] = Who.parse(rows)
  return { level: 'ok', subject: database.label, message: `${identity.version} answers, as user ${user}` }
}

export function diagnoseReadOnly({ label }: MysqlHandle, { identity }: ServerFacts): readonly Diagnosis[] {
  if (!identity.readOnly) return []
  const message = `${identity.version} is read only, as a replica is: nothing can be written to it`
  return [{ level: 'error', subject: label, message, fix: 'give the URL of the primary' }]
}

export function diagnoseTls({ label, tls, local }: MysqlHandle): Diagnosis {
  if (tls === 'verified')
    return { level: 'ok', subject: label, message: 'the connection is encrypted, its certificate verified' }
  if (local) return { level: 'ok', subject: label, message: 'the connection does not leave this machine' }
  const fix = 'give the certificate authority with mysql(url, { ca }) and take insecureTls out'
  const message =
    tls === 'off'
      ? 'the connection is not encrypted: password and rows can be read on the way'
      : 'the connection is encrypted, but whoever answers is trusted'
  return { level: 'warn', subject: label, message, fix }
}

export function diagnoseDurability({ label }: MysqlHandle, { durable }: ServerFacts): Diagnosis {
  if (durable) return { level: 'ok', subject: label, message: 'commits are durable' }
  const message =
    'innodb_flush_log_at_trx_commit is not 1: a crash of the machine undoes commits that the server has already confirmed'
  return { level: 'warn', subject: label, message, fix: 'SET GLOBAL innodb_flush_log_at_trx_commit = 1;' }
}

/** The tables that lockstep keeps for itself: there, or to be created at the first start. */
export async function diagnoseState(database: MysqlHandle, signal: AbortSignal): Promise<Diagnosis> {
  const { session, label: subject } = database
  const place = { label: subject, database: database.name }
  const options = { signal, what: 'looking at the state tables' }
  const found = await lookupState(session, place, options)
  if (found === 'older') {
    const message =
      'the state tables (lockstep_...) are of an older release and are brought up to date at the next start, if this user may'
    return { level: 'warn', subject, message, fix: 'stop older instances and run what lockstep grants prints' }
  }
  if (found === 'missing') {
    const message = 'the state tables (lockstep_...) are missing; they are created at the first start, if this user may'
    return { level: 'warn', subject, message, fix: 'run what lockstep grants prints, which creates them' }
  }
  return { level: 'ok', subject, message: 'the state tables (lockstep_...) are ready' }
}
