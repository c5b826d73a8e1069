import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { TableUse } from '../../../core/database.js'
import type { Diagnosis } from '../../../core/diagnosis.js'
import { ConfigError } from '../../../core/errors.js'
import type { MysqlTableInfo } from '../catalog/catalog.js'
import { identifier } from '../catalog/identifiers.js'
import type { MysqlHandle, NamedTable } from '../handle.js'
import { findings } from './finding.js'
import { diagnoseDurability, diagnoseIdentity, diagnoseReadOnly, diagnoseState, diagnoseTls } from './server.js'

/** What would stop or slow a use of the table, one aspect after the other. Changes nothing. */
export async function diagnoseTable(
  ref: NamedTable,
  use: TableUse,
  signal: AbortSignal,
): Promise<readonly Diagnosis[]> {
  const { database } = ref
  if (use === 'mirror') return [{ level: 'error', subject: `${database.label} ${ref.name}`, ...NOT_YET }]
  return findings(database.label, async () => {
    if (use === 'read') return diagnoseReading(ref, signal)
    const facts = await database.ask(signal)
    return [
      await diagnoseIdentity(database, facts, signal),
      ...diagnoseReadOnly(database, facts),
      diagnoseTls(database),
      diagnoseDurability(database, facts),
      ...(await findings(database.label, async () => [await diagnoseState(database, signal)])),
      ...(await findings(`${database.label} ${ref.name}`, () => diagnoseOpened(ref, signal))),
    ]
  })
}

/** What would keep flows from keeping their state in the database. */
export function diagnoseStateDatabase(database: MysqlHandle, signal: AbortSignal): Promise<readonly Diagnosis[]> {
  return findings(database.label, async () => {
    const facts = await database.ask(signal)
    return [...diagnoseReadOnly(database, facts), await diagnoseState(database, signal)]
  })
}

const NOT_YET = {
  message: 'tables of MySQL can be compared and written by ingest, but not followed',
  fix: 'use a table of PostgreSQL for this flow',
}

async function diagnoseReading(ref: NamedTable, signal: AbortSignal): Promise<readonly Diagnosis[]> {
  const { database } = ref
  const facts = await database.ask(signal)
  const info = await ref.describe(signal, true)
  const subject = `${database.label} ${info.name}`
  const key = info.key.map(({ name }) => name).join(', ')
  return [
    await diagnoseIdentity(database, facts, signal),
    diagnoseTls(database),
    { level: 'ok', subject, message: `rows are identified by ${key}` },
    ...(await findings(subject, async () => [await diagnoseReadRight(ref, info, signal)])),
  ]
}

async function diagnoseReadRight(ref: NamedTable, info: MysqlTableInfo, signal: AbortSignal): Promise<Diagnosis> {
  const subject = `${ref.database.label} ${info.name}`
  const list = info.columns.map(({ name }) => identifier(name)).join(', ')
  const statement = sql.raw(`explain select ${list} from ${info.qualified} where false`)
  try {
    await ref.database.session.execute(statement, { signal, what: 'asking for rights' })
  } catch (error) {
    if (!(error instanceof ConfigError && error.code === 'permission-denied')) throw error
    const fix = `GRANT SELECT ON ${info.qualified} TO <user>;`
    return { level: 'error', subject, message: 'this user may not SELECT', fix }
  }
  return { level: 'ok', subject, message: 'may SELECT' }
}

async function diagnoseOpened(ref: NamedTable, signal: AbortSignal): Promise<readonly Diagnosis[]> {
  const info = await ref.describe(signal)
  const subject = `${ref.database.label} ${info.name}`
  const key = info.key.map(({ name }) => name).join(', ')
  const newest = info.version === undefined ? 'the row that comes last wins' : `the greatest ${info.version.name} wins`
  const found: Diagnosis = { level: 'ok', subject, message: `rows are identified by ${key}; ${newest}` }
  return [
    found,
    ...(await findings(subject, async () => [await diagnoseRights(ref, info, signal)])),
    ...(await diagnoseTriggers(ref, info, signal)),
  ]
}

/** The server checks rights before it plans a statement, and plans are free: roles and rights on columns count too. */
async function diagnoseRights(ref: NamedTable, info: MysqlTableInfo, signal: AbortSignal): Promise<Diagnosis> {
  const subject = `${ref.database.label} ${info.name}`
  const names = info.columns.map(({ name }) => identifier(name))
  const list = names.join(', ')
  const changes = names.map((name) => `${info.qualified}.${name} = ${info.qualified}.${name}`).join(', ')
  const statements = [
    `explain select ${list} from ${info.qualified} where false`,
    `explain insert into ${info.qualified} (${list}) select ${list} from ${info.qualified} where false on duplicate key update ${changes}`,
  ]
  try {
    for (const statement of statements) {
      await ref.database.session.execute(sql.raw(statement), { signal, what: 'asking for rights' })
    }
  } catch (error) {
    if (!(error instanceof ConfigError && error.code === 'permission-denied')) throw error
    const fix = `GRANT SELECT, INSERT, UPDATE ON ${info.qualified} TO <user>;`
    return { level: 'error', subject, message: 'this user may not SELECT, INSERT and UPDATE', fix }
  }
  return { level: 'ok', subject, message: 'may SELECT, INSERT and UPDATE' }
}

const Triggers = z.array(z.object({ name: z.string() }))

async function diagnoseTriggers(
  ref: NamedTable,
  info: MysqlTableInfo,
  signal: AbortSignal,
): Promise<readonly Diagnosis[]> {
  const rows = await ref.database.session.execute(
    sql`select trigger_name as name from information_schema.triggers
      where concat(event_object_schema, '.', event_object_table) = ${info.name} and event_manipulation <> 'DELETE'`,
    { signal, what: 'reading triggers' },
  )
  const names = Triggers.parse(rows).map(({ name }) => name)
  if (names.length === 0) return []
  const message = `triggers run for each row, also for rows that are older than the stored one: ${names.join(', ')}`
  const fix = 'make sure that they may run more than once for the same row'
  return [{ level: 'warn', subject: `${ref.database.label} ${info.name}`, message, fix }]
}
