import { ConfigError, UnavailableError } from '../../../core/errors.js'
import { nearMisses } from '../../sql/near-misses.js'
import type { CatalogTable, MysqlColumn, UniqueIndex } from './catalog-queries.js'
import { identifier, qualified } from './identifiers.js'

/** What a message needs to say which table of which database it is about. */
export interface Subject {
  /** As in the config; the start of the error's key. */
  readonly name: string
  /** Address of the database without credentials. */
  readonly database: string
}

interface Problem {
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

export function tableMissing(subject: Subject, near: readonly string[]): ConfigError {
  const fix =
    near.length > 0
      ? `did you mean ${near.join(' or ')}? If the table is there, GRANT SELECT on it`
      : 'create the table, or GRANT SELECT on it; lockstep grants prints the statements'
  return problem(subject, { code: 'table-missing', message: 'there is no such table, or no right on it', fix })
}

/** The server shows a table to whoever has any right on it, its columns only to whoever may read or write them. */
export function noRight(subject: Subject, { schema, name }: CatalogTable): ConfigError {
  return problem(subject, {
    code: 'permission-denied',
    message: 'this user may not read the table',
    fix: `GRANT SELECT ON ${qualified(schema, name)} TO the user of the URL; lockstep grants prints all statements`,
  })
}

/** `undefined` when rows can be upserted into it, all or none. */
export function unusableTable(subject: Subject, table: CatalogTable): ConfigError | undefined {
  if (table.kind !== 'BASE TABLE') {
    const message = `this is a ${table.kind.toLowerCase()}`
    return problem(subject, { code: 'table-kind', message, fix: 'name the table behind it' })
  }
  if (table.engine.toLowerCase() === 'innodb') return undefined
  return problem(subject, {
    code: 'table-engine',
    message: `the table's engine is ${table.engine}, which this adapter does not trust to undo half a batch`,
    fix: `ALTER TABLE ${qualified(table.schema, table.name)} ENGINE=InnoDB;`,
  })
}

export function unknownColumn(
  subject: Subject,
  named: { option: 'key' | 'version' | 'ignore'; column: string },
  columns: readonly MysqlColumn[],
): ConfigError {
  const near = nearMisses(
    named.column,
    columns.map(({ name }) => name),
  )
  const fix = near.length > 0 ? `did you mean ${near.join(' or ')}?` : 'name a column of the table'
  const message = `the table has no column ${named.column}`
  return problem(subject, { code: 'column-missing', option: named.option, message, fix })
}

export function unusableColumn(
  subject: Subject,
  named: { option: 'key' | 'version' | 'ignore'; column: string },
  { reason, fix }: { reason: string; fix: string },
): ConfigError {
  const message = `column ${named.column} ${reason}`
  return problem(subject, { code: 'column-unusable', option: named.option, message, fix })
}

export function keyEmpty(subject: Subject): ConfigError {
  const fix = 'leave key out, so that the primary key is taken, or name the columns that identify a row'
  return problem(subject, { code: 'key-empty', option: 'key', message: 'the key has no columns', fix })
}

export function keyNotFound(subject: Subject): ConfigError {
  return problem(subject, {
    code: 'key-not-found',
    option: 'key',
    message: 'the table has no primary key and no unique index over NOT NULL columns, so nothing identifies a row',
    fix: 'set key to the columns that do, and add a unique index over them',
  })
}

export function keyNotUnique(subject: Subject, table: CatalogTable, key: readonly string[]): ConfigError {
  return problem(subject, {
    code: 'key-not-unique',
    option: 'key',
    message: `no unique index on the key (${key.join(', ')}) as a whole`,
    fix: `ALTER TABLE ${qualified(table.schema, table.name)} ADD UNIQUE INDEX (${key.map(identifier).join(', ')});`,
  })
}

export function keyNullable(subject: Subject, table: CatalogTable, column: MysqlColumn): ConfigError {
  return problem(subject, {
    code: 'key-nullable',
    option: 'key',
    message: `key column ${column.name} may be NULL, and NULLs identify nothing`,
    fix: modify(table, column, column.type),
  })
}

/** `a = A`: which of two items wins would depend on how they are written. */
export function keyCollation(subject: Subject, table: CatalogTable, column: MysqlColumn): ConfigError {
  const { collation = '' } = column
  const charset = collation.split('_')[0] ?? 'utf8mb4'
  return problem(subject, {
    code: 'key-collation',
    option: 'key',
    message: `key column ${column.name} has the collation ${collation}, for which different texts (a and A, e and é) are one key`,
    fix: modify(table, column, `${column.type} CHARACTER SET ${charset} COLLATE ${charset}_bin`),
  })
}

/** ON DUPLICATE KEY UPDATE takes a row found through any unique index for the one that is meant. */
export function secondUniqueIndex(subject: Subject, table: CatalogTable, index: UniqueIndex): ConfigError {
  const drop = `ALTER TABLE ${qualified(table.schema, table.name)} DROP ${index.name === 'PRIMARY' ? 'PRIMARY KEY' : `INDEX ${identifier(index.name)}`};`
  return problem(subject, {
    code: 'second-unique-index',
    option: 'key',
    message: `unique index ${index.name} (${index.columns.join(', ')}) is not on the key: MySQL would overwrite the row that has its values, whatever key that row has`,
    fix: `make ${index.columns.join(', ')} the key, or make the index a plain one: ${drop}`,
  })
}

export function drizzleMismatch(subject: Subject, findings: readonly string[]): ConfigError {
  return problem(subject, {
    code: 'table-mismatch',
    message: `the Drizzle table is not the one in the database: ${findings.join('; ')}`,
    fix: 'run the migration that is missing, correct the Drizzle table, or list columns that do not matter in ignore',
  })
}

function modify(table: CatalogTable, column: MysqlColumn, type: string): string {
  return `ALTER TABLE ${qualified(table.schema, table.name)} MODIFY ${identifier(column.name)} ${type} NOT NULL;`
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
