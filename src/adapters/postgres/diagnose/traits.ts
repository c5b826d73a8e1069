import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Diagnosis } from '../../../core/diagnosis.js'
import { readUniqueIndexes } from '../catalog/catalog-queries.js'
import type { ResultRow } from '../session/session.js'
import { enumerated, type TablePatient } from './finding.js'

const Named = z.array(z.object({ name: z.string() }))

/** Triggers that act on what is written. */
export async function diagnoseTriggers({
  database,
  info,
  label: subject,
  signal,
}: TablePatient): Promise<readonly Diagnosis[]> {
  // pg_trigger.tgtype: 4 for INSERT, 16 for UPDATE. Disabled ones, and those for replicas only, do not fire for us.
  const events = info.versionColumn === undefined ? 4 : 4 + 16
  const triggers = Named.parse(
    await database.session.execute(
      sql`select tgname::text as name from pg_catalog.pg_trigger
        where tgrelid = ${info.oid}::oid and not tgisinternal and tgenabled in ('O', 'A') and tgtype & ${events}::int4 <> 0
        order by 1`,
      { signal, what: 'reading triggers' },
    ),
  )
  return triggers.map(({ name }) => ({
    level: 'warn',
    subject,
    message: `trigger ${name} also fires for rows that come from the other side, where it may have run already`,
    fix: `let it do nothing when current_setting('application_name') starts with lockstep, if that is wrong`,
  }))
}

/** Rules are refused by the server together with `ON CONFLICT`. */
export async function diagnoseRules({
  database,
  info,
  label: subject,
  signal,
}: TablePatient): Promise<readonly Diagnosis[]> {
  const rules = Named.parse(
    await database.session.execute(
      sql`select rulename::text as name from pg_catalog.pg_rewrite
        where ev_class = ${info.oid}::oid and ev_type in ('2', '3') and ev_enabled <> 'D' order by 1`,
      { signal, what: 'reading rules' },
    ),
  )
  return rules.map(({ name }) => ({
    level: 'error',
    subject,
    message: `rule ${name} rewrites inserts or updates, and PostgreSQL then takes no ON CONFLICT`,
    fix: `DROP RULE "${name.replaceAll('"', '""')}" ON ${info.qualified}; -- a trigger can do the same`,
  }))
}

const Constraint = z.array(z.object({ name: z.string(), kind: z.enum(['f', 'x']), target: z.string().nullable() }))

/** What may refuse a row that the other side accepted. */
export async function diagnoseConstraints({
  database,
  info,
  label: subject,
  signal,
}: TablePatient): Promise<readonly Diagnosis[]> {
  const indexes = await readUniqueIndexes(database.session, info.oid)
  // An index on the key's columns and more can refuse nothing that the key does not refuse.
  const others = indexes.filter((index) => !info.schema.key.every((name) => index.columns.includes(name)))
  const constraints = Constraint.parse(
    await database.session.execute(
      sql`select c.conname::text as name, c.contype::text as kind, nullif(c.confrelid, 0)::regclass::text as target
        from pg_catalog.pg_constraint c where c.conrelid = ${info.oid}::oid and c.contype in ('f', 'x') order by 1`,
      { signal, what: 'reading constraints' },
    ),
  )
  const quarantined = 'the rest flows, and the refused row is kept as a dead letter and shown'
  return [
    ...others
      .filter((index) => !constraints.some(({ kind, name }) => kind === 'x' && name === index.name))
      .map((index) => warning(subject, `unique index ${index.name} may refuse rows of the other side: ${quarantined}`)),
    ...constraints.map(({ kind, name, target }) =>
      kind === 'x'
        ? warning(subject, `exclusion constraint ${name} may refuse rows of the other side: ${quarantined}`)
        : warning(
            subject,
            `foreign key ${name} refuses a row until its parent is in ${target ?? 'the other table'}`,
            `sync ${target ?? 'that table'} too, or drop the constraint on the side that is only copied to`,
          ),
    ),
  ]
}

const Storage = z.tuple([z.object({ unlogged: z.boolean(), vacuums: z.boolean() })])

export async function diagnoseStorage({
  database,
  info,
  label: subject,
  signal,
}: TablePatient): Promise<readonly Diagnosis[]> {
  const rows: readonly ResultRow[] = await database.session.execute(
    sql`select c.relpersistence = 'u' as unlogged, not exists (
        select from pg_catalog.pg_options_to_table(c.reloptions) o
        where o.option_name = 'autovacuum_enabled' and not o.option_value::bool) as vacuums
      from pg_catalog.pg_class c where c.oid = ${info.oid}::oid`,
    { signal, what: 'reading how the table is stored' },
  )
  const [{ unlogged, vacuums }] = Storage.parse(rows)
  return [
    ...(unlogged
      ? [
          warning(
            subject,
            'the table is unlogged: a crash of the server empties it',
            `ALTER TABLE ${info.qualified} SET LOGGED;`,
          ),
        ]
      : []),
    ...(vacuums
      ? []
      : [
          warning(
            subject,
            'autovacuum is off for this table: it only grows, and so does the time to read it',
            `ALTER TABLE ${info.qualified} RESET (autovacuum_enabled);`,
          ),
        ]),
  ]
}

const Sequences = z.array(z.object({ column: z.string(), sequence: z.string(), increment: z.string() }))

/** Columns of the key whose values a sequence hands out: the one of the other side hands out the same. */
export async function diagnoseSequences({
  database,
  info,
  label: subject,
  signal,
}: TablePatient): Promise<readonly Diagnosis[]> {
  const rows = await database.session.execute(
    sql`select distinct a.attname::text as column, s.seqrelid::regclass::text as sequence, s.seqincrement::text as increment
      from pg_catalog.pg_attribute a
      cross join lateral (
        select d.objid as oid from pg_catalog.pg_depend d
        where a.attidentity <> '' and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = a.attrelid
          and d.refobjsubid = a.attnum and d.classid = 'pg_catalog.pg_class'::regclass and d.deptype = 'i'
        union all
        select d.refobjid from pg_catalog.pg_attrdef f
        join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_attrdef'::regclass and d.objid = f.oid
          and d.refclassid = 'pg_catalog.pg_class'::regclass
        where f.adrelid = a.attrelid and f.adnum = a.attnum
      ) as source
      join pg_catalog.pg_sequence s on s.seqrelid = source.oid
      where a.attrelid = ${info.oid}::oid and a.attname = any (${sql.param(info.schema.key)}::text[])
      order by 1`,
    { signal, what: 'reading sequences' },
  )
  return Sequences.parse(rows).map(({ column, sequence, increment }) => {
    if (Math.abs(Number(increment)) > 1) {
      const message = `key column ${column} is numbered in steps of ${increment}; the other side must start at another number`
      return { level: 'ok', subject, message }
    }
    const message = `key column ${column} is numbered by ${sequence}: both sides would hand out the same keys to different rows`
    const fix = `ALTER SEQUENCE ${sequence} INCREMENT BY 2; on both sides, odd numbers on one (RESTART WITH an odd one above the highest) and even on the other; or make the key a uuid`
    return warning(subject, message, fix)
  })
}

export function diagnoseColumns({ info, label: subject }: TablePatient): readonly Diagnosis[] {
  const asText = info.columns.filter((column) => !column.hashable)
  const columns = asText.map(({ name, type }) => `${name} (${type})`)
  const count = `${info.columns.length} column${info.columns.length === 1 ? '' : 's'}`
  const message = `${count}; key (${info.schema.key.join(', ')}) is unique and NOT NULL; no row is hidden from this role`
  return [
    { level: 'ok', subject, message },
    ...(asText.length === 0
      ? []
      : [{ level: 'ok', subject, message: `compared by their text: ${enumerated(columns)}` } as const]),
  ]
}

function warning(subject: string, message: string, fix?: string): Diagnosis {
  return { level: 'warn', subject, message, ...(fix === undefined ? {} : { fix }) }
}
