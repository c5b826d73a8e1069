import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { TableUse } from '../../../core/database.js'
import type { GrantList } from '../../../core/diagnosis.js'
import type { PostgresTableInfo } from '../catalog/catalog.js'
import { quotedRole, quoteIdentifier } from '../catalog/identifiers.js'
import type { NamedTable } from '../handle.js'
import type { ExecuteOptions, Session } from '../session/session.js'
import { stateGrantStatements } from '../state/prepare-state.js'

/**
 * The least rights for a use of the table, as statements for its owner to run; they may be run again. Those of a use
 * that writes also create the state tables, so that the role need not have the right to create anything.
 */
export async function tableGrants(
  ref: NamedTable,
  what: { use: TableUse; role: string },
  signal: AbortSignal,
): Promise<GrantList> {
  const role = quotedRole(what.role)
  const info = await describedFor(ref, what.use, signal)
  const statements = [
    `GRANT CONNECT ON DATABASE ${await databaseName(ref, signal)} TO ${role};`,
    ...requiredSchemas(info, what.use).map((schema) => `GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} TO ${role};`),
    ...tableLines(info, what.use, role),
    ...(what.use === 'upsert' ? await sequenceLines(ref, info, { role, signal }) : []),
    ...(what.use === 'read' ? [] : await stateStatementsFor(ref, role, signal)),
  ]
  return { database: ref.database.label, statements }
}

function stateStatementsFor({ database }: NamedTable, role: string, signal: AbortSignal): Promise<readonly string[]> {
  return stateGrantStatements(database.session, { schema: database.stateSchema, role }, signal)
}

/** The table as this use sees it: an upsert leaves alone what Drizzle does not declare. */
export async function describedFor(ref: NamedTable, use: TableUse, signal: AbortSignal): Promise<PostgresTableInfo> {
  return use === 'upsert' ? ref.describe(signal) : (await ref.open(signal)).info
}

function tableLines(info: PostgresTableInfo, use: TableUse, role: string): readonly string[] {
  if (use === 'mirror') return writeGrants(info, role)
  return [`GRANT ${use === 'upsert' ? 'SELECT, INSERT, UPDATE' : 'SELECT'} ON TABLE ${info.qualified} TO ${role};`]
}

const Sequences = z.array(z.object({ sequence: z.string() }))

/** Sequences behind the defaults of columns (`serial`) that this role may not use yet, or of all columns. An identity needs no right. */
export async function defaultSequences(
  session: Session,
  info: PostgresTableInfo,
  { forbiddenOnly, ...options }: ExecuteOptions & { readonly forbiddenOnly: boolean },
): Promise<readonly string[]> {
  const query = sql`select distinct s.seqrelid::regclass::text as sequence
    from pg_catalog.pg_attrdef f
    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_attrdef'::regclass and d.objid = f.oid
      and d.refclassid = 'pg_catalog.pg_class'::regclass
    join pg_catalog.pg_sequence s on s.seqrelid = d.refobjid
    where f.adrelid = ${info.oid}::oid
      and not (${forbiddenOnly} and has_sequence_privilege(s.seqrelid, 'USAGE')) order by 1`
  return Sequences.parse(await session.execute(query, options)).map(({ sequence }) => sequence)
}

async function sequenceLines(
  { database }: NamedTable,
  info: PostgresTableInfo,
  { role, signal }: { readonly role: string; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const options = { signal, what: 'reading sequences', forbiddenOnly: false }
  const sequences = await defaultSequences(database.session, info, options)
  return sequences.map((sequence) => `GRANT USAGE ON SEQUENCE ${sequence} TO ${role};`)
}

/** The schemas that statements for this use name: the table's, and those of the types that values are cast to. */
export function requiredSchemas(info: PostgresTableInfo, use: TableUse): readonly string[] {
  const cast = use === 'read' ? info.keyColumns : info.columns
  const schemas = new Set([info.schemaName, ...cast.map((column) => column.facts.schema)])
  schemas.delete('pg_catalog')
  return [...schemas]
}

function writeGrants({ qualified, versionColumn }: PostgresTableInfo, role: string): readonly string[] {
  // All columns are sent, so the rights of sequences are not needed.
  if (versionColumn !== undefined) return [`GRANT SELECT, INSERT, UPDATE ON TABLE ${qualified} TO ${role};`]
  return [
    `GRANT SELECT, INSERT ON TABLE ${qualified} TO ${role};`,
    `-- only for conflict: left | right: GRANT UPDATE ON TABLE ${qualified} TO ${role};`,
  ]
}

const Name = z.tuple([z.object({ name: z.string() })])

async function databaseName(ref: NamedTable, signal: AbortSignal): Promise<string> {
  const query = sql`select current_database()::text as name`
  const [{ name }] = Name.parse(await ref.database.session.execute(query, { signal, what: 'asking for the database' }))
  return quoteIdentifier(name)
}
