import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Diagnosis } from '../../core/diagnosis.js'
import type { PostgresDatabase } from '../postgres/database.js'
import { enumerated, findings, type Patient } from '../postgres/diagnose/finding.js'
import { askWho, diagnoseStandby, diagnoseTls } from '../postgres/diagnose/server.js'
import { graphileWorker } from './library.js'
import { missingRights } from './queue-grants.js'
import { LIBRARY_SCHEMA, type Need, OWN_SCHEMA } from './queue-schema.js'
import { isComplete, type QueueTable, queueTables } from './queue-tables.js'

/** Whether the queue's database answers, and whether its tables are there, or can be made, and used. Changes nothing. */
export async function diagnoseQueue(database: PostgresDatabase, signal: AbortSignal): Promise<readonly Diagnosis[]> {
  const { label: subject } = database
  const answers = await findings(subject, async () => {
    const identity = await database.identify(signal)
    if (identity.readOnly) return [diagnoseStandby(database, identity)]
    const patient = await askWho(database, signal)
    const message = `${identity.version} answers for the queue of distributed flows, as role ${patient.role}`
    const tables = await queueTables(database.session, undefined, { signal, what: 'looking at the queue' })
    return [
      { level: 'ok', subject, message },
      diagnoseTls(database),
      ...(await diagnoseSchema(patient, tables, OWN_SCHEMA)),
      ...(await diagnoseSchema(patient, tables, LIBRARY_SCHEMA)),
    ]
  })
  return [...answers, ...(await findings('graphile-worker', diagnoseLibrary))]
}

async function diagnoseLibrary(): Promise<readonly Diagnosis[]> {
  await graphileWorker()
  return []
}

async function diagnoseSchema(
  patient: Patient,
  all: readonly QueueTable[],
  schema: Need['schema'],
): Promise<readonly Diagnosis[]> {
  const { role } = patient
  const { label: subject } = patient.database
  const tables = all.filter(({ need }) => need.schema === schema)
  if (!isComplete(tables, schema)) return [await diagnoseMissing(patient, tables, schema)]
  const lacking = tables.filter(({ need, may, hidden }) => hidden || need.both.some((right) => !may.has(right)))
  if (lacking.length > 0) {
    const message = `role ${role} may not use the queue in schema ${schema}: ${enumerated(lacking.map(lacks))}`
    return [{ level: 'error', subject, message, fix: missingRights(tables, role).join('\n') }]
  }
  const sharing = tables.filter(({ need, may }) => need.coordinator.some((right) => !may.has(right)))
  if (sharing.length === 0) return [{ level: 'ok', subject, message: `the queue in schema ${schema} is ready` }]
  const message = `role ${role} may work for the queue in schema ${schema}, but be no coordinator, which puts work into it`
  const fix = missingRights(sharing, role).filter((statement) => !statement.startsWith('--'))
  return [{ level: 'warn', subject, message, fix: `only for a coordinator: ${fix.join('\n')}` }]
}

function lacks({ need: { table, both }, may }: QueueTable): string {
  const rights = both.filter((right) => !may.has(right))
  return rights.length > 0 ? `no ${rights.join(', ')} on ${table}` : `the rows of ${table} are hidden from it`
}

const Creatable = z.tuple([z.object({ creatable: z.boolean() })])

/** The library begins with its table of migrations. Where that is there, it needs no new schema for the rest. */
async function diagnoseMissing(
  { database, databaseName, role, signal }: Patient,
  tables: readonly QueueTable[],
  schema: Need['schema'],
): Promise<Diagnosis> {
  const { label: subject } = database
  const begun = tables.some(({ need, may }) => need.table === 'migrations' && may.has('SELECT') && may.has('INSERT'))
  const rows = await database.session.execute(
    sql`
      select case when ${begun}::bool then has_schema_privilege(n.oid, 'CREATE')
          else has_database_privilege(current_database(), 'CREATE')
            and coalesce(has_schema_privilege(n.oid, 'CREATE'), true) end as creatable
      from (select 1) one left join pg_catalog.pg_namespace n on n.nspname = ${schema}`,
    { signal, what: 'looking at the queue' },
  )
  const [{ creatable }] = Creatable.parse(rows)
  if (creatable)
    return { level: 'ok', subject, message: `the queue in schema ${schema} will be created by whoever needs it first` }
  const message = `the queue in schema ${schema} is missing, and role ${role} may not create it`
  const fix = `GRANT CREATE ON DATABASE ${databaseName} TO ${role}; or run what lockstep grants prints`
  return { level: 'error', subject, message, fix }
}
