import { ConfigError, UnavailableError } from '../../../core/errors.js'
import { nearMisses } from '../../sql/near-misses.js'
import type { CatalogColumn, CatalogIndex, CatalogRelation } from './catalog-queries.js'
import { quoteIdentifier, quoteQualified } from './identifiers.js'

/** What a message needs to say which table of which database it is about. */
export interface Subject {
  /** As in the config; the start of the error's key. */
  readonly name: string
  /** Address of the database without credentials. */
  readonly database: string
}

type Problem = {
  readonly code: string
  readonly message: string
  readonly fix: string
  readonly option?: 'key' | 'version' | 'ignore' | 'where'
  readonly cause?: unknown
}

function problem(subject: Subject, { code, message, fix, option, cause }: Problem): ConfigError {
  const key = option === undefined ? subject.name : `${subject.name}.${option}`
  return new ConfigError({ code, key, message: `${message} (${subject.database})`, fix, cause })
}

export function badTableName(subject: Subject): ConfigError {
  const fix = 'write it as table, schema.table or, with odd characters, "schema"."table"; each name has 1 to 63 bytes'
  return problem(subject, { code: 'table-name', message: 'this is not the name of a table', fix })
}

export function tableMissing(subject: Subject, near: readonly string[]): ConfigError {
  const fix =
    near.length > 0
      ? `did you mean ${near.join(' or ')}?`
      : 'create the table, name it with its schema, or grant USAGE on the schema'
  return problem(subject, { code: 'table-missing', message: 'there is no such table', fix })
}

/** What a relation of this `relkind` is, and what to name instead. */
const KINDS: ReadonlyMap<string, readonly [what: string, fix: string]> = new Map([
  ['p', ['a partitioned table', 'name each of its partitions as a table of its own']],
  ['v', ['a view', 'name the table behind it']],
  ['m', ['a materialized view', 'name the table behind it']],
  ['f', ['a foreign table', 'connect to the server that holds it and name the table there']],
  ['S', ['a sequence', 'name a table']],
  ['i', ['an index', 'name its table']],
  ['I', ['an index', 'name one of the partitions of its table']],
  ['c', ['a composite type', 'name a table']],
])

/** `undefined` when the relation can be used. */
export function unusableRelation(subject: Subject, relation: CatalogRelation): ConfigError | undefined {
  const kind = relation.kind === 'r' ? undefined : (KINDS.get(relation.kind) ?? ['no table', 'name a table'])
  if (kind !== undefined) return problem(subject, { code: 'table-kind', message: `this is ${kind[0]}`, fix: kind[1] })
  if (/^pg_|^information_schema$/.test(relation.schema)) {
    return problem(subject, {
      code: 'table-kind',
      message: 'this is a table of the system',
      fix: 'name a table of your own',
    })
  }
  if (relation.hasChildren) {
    const fix = 'name each child as a table of its own, or end the inheritance with ALTER TABLE ... NO INHERIT'
    return problem(subject, {
      code: 'table-kind',
      message: 'other tables inherit from this one, so reading it reads their rows too',
      fix,
    })
  }
  if (relation.rowSecurity) {
    const fix = `use a role that sees all rows: ALTER ROLE ... BYPASSRLS, or own the table`
    return problem(subject, {
      code: 'table-row-security',
      message: 'row-level security hides rows from this role',
      fix,
    })
  }
  return undefined
}

const SYSTEM_COLUMNS = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid'])

/** A column that the config names, and under which option of the table. */
export interface NamedColumn {
  readonly option: 'key' | 'version' | 'ignore'
  readonly column: string
}

export function unknownColumn(
  subject: Subject,
  { option, column }: NamedColumn,
  columns: readonly CatalogColumn[],
): ConfigError {
  const names = columns.map(({ name }) => name)
  const near = nearMisses(column, names)
  const guess = near.length > 0 ? `did you mean ${near.join(' or ')}?` : 'name a column of the table'
  const fix = SYSTEM_COLUMNS.has(column) ? 'name a column of the table; those of the system do not last' : guess
  return problem(subject, { code: 'column-missing', option, message: `the table has no column ${column}`, fix })
}

export function unusableColumn(
  subject: Subject,
  { option, column }: NamedColumn,
  { reason, fix }: { reason: string; fix: string },
): ConfigError {
  return problem(subject, { code: 'column-unusable', option, message: `column ${column} ${reason}`, fix })
}

export function keyNullable(subject: Subject, relation: CatalogRelation, columns: readonly string[]): ConfigError {
  const changes = columns.map((column) => `ALTER COLUMN ${quoteIdentifier(column)} SET NOT NULL`).join(', ')
  return problem(subject, {
    code: 'key-nullable',
    option: 'key',
    message: `key column ${columns.join(', ')} may be NULL, and NULLs identify nothing`,
    fix: `${alter(relation)} ${changes};`,
  })
}

/** The key is known and has no unique index. `flawed` is one on just these columns that cannot be used. */
export function keyNotUnique(
  subject: Subject,
  relation: CatalogRelation,
  { key, flawed }: { key: readonly string[]; flawed: CatalogIndex | undefined },
): ConfigError {
  const why = flawed === undefined ? '' : `; index ${flawed.name} does not count, as ${flawed.unusable}`
  return problem(subject, {
    code: 'key-not-unique',
    option: 'key',
    message: `no unique index on the key (${key.join(', ')})${why}`,
    fix: createIndex(relation, key),
  })
}

export function keyEmpty(subject: Subject): ConfigError {
  const fix = 'leave key out, so that the primary key is taken, or name the columns that identify a row'
  return problem(subject, { code: 'key-empty', option: 'key', message: 'the key has no columns', fix })
}

export function keyNotFound(
  subject: Subject,
  relation: CatalogRelation,
  columns: readonly CatalogColumn[],
): ConfigError {
  const candidate = columns.find((column) => column.notNull) ?? columns[0]
  const example =
    candidate === undefined ? '' : `, e.g. key: ['${candidate.name}'] and ${createIndex(relation, [candidate.name])}`
  return problem(subject, {
    code: 'key-not-found',
    option: 'key',
    message: 'the table has no primary key and no unique index over NOT NULL columns, so nothing identifies a row',
    fix: `set key to the columns that do, and index them${example}`,
  })
}

export function drizzleMismatch(subject: Subject, findings: readonly string[]): ConfigError {
  return problem(subject, {
    code: 'table-mismatch',
    message: `the Drizzle table is not the one in the database: ${findings.join('; ')}`,
    fix: 'run the migration that is missing, correct the Drizzle table, or list columns that do not matter in ignore',
  })
}

function alter(relation: CatalogRelation): string {
  return `ALTER TABLE ${quoteQualified(relation.schema, relation.name)}`
}

function createIndex(relation: CatalogRelation, columns: readonly string[]): string {
  return `CREATE UNIQUE INDEX CONCURRENTLY ON ${quoteQualified(relation.schema, relation.name)} (${columns.map(quoteIdentifier).join(', ')});`
}

/** The error says by itself what to do: it is not about what was written into the config. */
export function isClear(error: unknown): boolean {
  return error instanceof UnavailableError || (error instanceof ConfigError && error.code === 'permission-denied')
}

export function filterInvalid(subject: Subject, cause: unknown): ConfigError {
  return problem(subject, {
    code: 'where-invalid',
    option: 'where',
    message: 'the server does not understand the filter',
    fix: "write a condition over the table's own columns, as after WHERE",
    cause,
  })
}
