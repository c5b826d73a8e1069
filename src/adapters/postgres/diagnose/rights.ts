import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { TableUse } from '../../../core/database.js'
import type { Diagnosis } from '../../../core/diagnosis.js'
import type { PostgresTableInfo } from '../catalog/catalog.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import type { ExecuteOptions, Session } from '../session/session.js'
import { newerState } from '../state/prepare-state.js'
import { lookupState, readStateVersion, STATE_VERSION, stateGrants, stateStatements } from '../state/state-schema.js'
import { enumerated, type Patient, type TablePatient } from './finding.js'
import { defaultSequences, requiredSchemas } from './grants.js'

const Rights = z.tuple([
  z.object({ table: z.boolean(), select: z.boolean(), insert: z.boolean(), update: z.boolean() }),
])

/** What the role may do with the table. Rights on its columns will do, but for the ledger: it reads `xmin` too. */
export async function diagnoseRights(patient: TablePatient): Promise<readonly Diagnosis[]> {
  const { database, info, label: subject, role, signal, use } = patient
  const names = sql.param(info.columns.map((column) => column.name))
  const rows = await database.session.execute(
    sql`select has_table_privilege(a.attrelid, 'SELECT') as table,
      bool_and(has_column_privilege(a.attrelid, a.attnum, 'SELECT')) as select,
      bool_and(has_column_privilege(a.attrelid, a.attnum, 'INSERT')) as insert,
      bool_and(has_column_privilege(a.attrelid, a.attnum, 'UPDATE')) as update
    from pg_catalog.pg_attribute a where a.attrelid = ${info.oid}::oid and a.attname = any (${names}::text[]) group by 1`,
    { signal, what: 'reading rights' },
  )
  const [may] = Rights.parse(rows)
  const missing = [
    ...((use === 'mirror' ? may.table : may.select) ? [] : ['SELECT']),
    ...(use === 'read' || may.insert ? [] : ['INSERT']),
    ...(updates(use, info) && !may.update ? ['UPDATE'] : []),
  ]
  if (missing.length > 0) {
    const fix = `GRANT ${missing.join(', ')} ON TABLE ${info.qualified} TO ${role};`
    return [{ level: 'error', subject, message: `role ${role} may not ${enumerated(missing)}`, fix }]
  }
  if (use === 'read') return [{ level: 'ok', subject, message: 'may SELECT' }]
  const update = may.update ? '' : '; may not UPDATE, which only takes conflict: left, right or newest'
  const granted = may.update ? ['SELECT', 'INSERT', 'UPDATE'] : ['SELECT', 'INSERT']
  return [{ level: 'ok', subject, message: `may ${enumerated(granted)}${update}` }]
}

function updates(use: TableUse, { versionColumn }: PostgresTableInfo): boolean {
  return use === 'upsert' || (use === 'mirror' && versionColumn !== undefined)
}

/** Sequences whose next value an insert takes where a row leaves the column out. Nothing to say when they can be used. */
export async function diagnoseDefaults(patient: TablePatient): Promise<readonly Diagnosis[]> {
  const { database, info, label: subject, role, signal } = patient
  const options = { signal, what: 'reading rights', forbiddenOnly: true }
  const sequences = await defaultSequences(database.session, info, options)
  return sequences.map((sequence) => {
    const message = `role ${role} may not use sequence ${sequence}, which rows need that leave its column out`
    return { level: 'warn', subject, message, fix: `GRANT USAGE ON SEQUENCE ${sequence} TO ${role};` }
  })
}

const Schemas = z.array(z.object({ name: z.string() }))

/** The schemas of the column's types, which casts name. Nothing to say when they can be used. */
export async function diagnoseSchemas(patient: TablePatient): Promise<readonly Diagnosis[]> {
  const { database, info, label: subject, role, signal, use } = patient
  const names = sql.param(requiredSchemas(info, use))
  const rows = await database.session.execute(
    sql`select n.nspname::text as name from pg_catalog.pg_namespace n
      where n.nspname = any (${names}::text[]) and not has_schema_privilege(n.oid, 'USAGE') order by 1`,
    { signal, what: 'reading rights' },
  )
  return Schemas.parse(rows).map(({ name }) => {
    const fix = `GRANT USAGE ON SCHEMA ${quoteIdentifier(name)} TO ${role};`
    return { level: 'error', subject, message: `role ${role} may not use schema ${name}, which it needs`, fix }
  })
}

const Creatable = z.tuple([z.object({ exists: z.boolean(), creatable: z.boolean() })])

/** The tables that lockstep keeps for itself: there, or to be created at the first start. */
export async function diagnoseState({ database, role, databaseName, signal }: Patient): Promise<readonly Diagnosis[]> {
  const { session, label: subject, stateSchema: schema } = database
  const options = { signal, what: 'looking at the state tables' }
  const state = await lookupState(session, schema, options)
  if (state === 'forbidden') {
    const message = `role ${role} may not read and write the state tables in schema ${schema}`
    return [{ level: 'error', subject, message, fix: `${stateGrants(schema, role).join(';\n')};` }]
  }
  if (state !== 'missing') {
    const version = (await readStateVersion(session, schema, options)) ?? STATE_VERSION
    if (version > STATE_VERSION) throw newerState({ label: subject, schema }, version)
    if (version < STATE_VERSION) return [await diagnoseOutdated({ session, subject, schema, role, version, options })]
  }
  if (state === 'ready') return [{ level: 'ok', subject, message: `the state tables in schema ${schema} are ready` }]
  const rows = await session.execute(
    sql`select n.oid is not null as exists, coalesce(
        has_schema_privilege(n.oid, 'USAGE') and has_schema_privilege(n.oid, 'CREATE'),
        has_database_privilege(current_database(), 'CREATE')) as creatable
      from (select 1) one left join pg_catalog.pg_namespace n on n.nspname = ${schema}`,
    options,
  )
  const [{ exists, creatable }] = Creatable.parse(rows)
  if (creatable)
    return [
      { level: 'ok', subject, message: `the state tables in schema ${schema} will be created at the first start` },
    ]
  const grant = exists
    ? `GRANT USAGE, CREATE ON SCHEMA ${quoteIdentifier(schema)} TO ${role};`
    : `GRANT CREATE ON DATABASE ${databaseName} TO ${role};`
  const message = `the state tables in schema ${schema} are missing, and role ${role} may not create them`
  return [{ level: 'error', subject, message, fix: `${grant} or run what lockstep grants prints, which creates them` }]
}

const Alterable = z.tuple([z.object({ alterable: z.boolean() })])

interface Outdated {
  readonly session: Session
  readonly subject: string
  readonly schema: string
  readonly role: string
  readonly version: number
  readonly options: ExecuteOptions
}

async function diagnoseOutdated(outdated: Outdated): Promise<Diagnosis> {
  const { session, subject, schema, role, version, options } = outdated
  const rows = await session.execute(
    sql`select bool_and(pg_has_role(c.relowner, 'USAGE') and has_schema_privilege(n.oid, 'CREATE')) as alterable
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = ${schema} and c.relname = 'dead_letters'`,
    options,
  )
  const [{ alterable }] = Alterable.parse(rows)
  const tables = `the state tables in schema ${schema} have version ${version}`
  if (alterable) return { level: 'ok', subject, message: `${tables} and will be brought up to date at the next start` }
  const statements = [...stateStatements(schema, version), ...stateGrants(schema, role)]
  const fix = `stop older instances and run as the owner of the tables:\n${statements.join(';\n')};`
  return { level: 'error', subject, message: `${tables}, too old, and role ${role} may not alter them`, fix }
}
