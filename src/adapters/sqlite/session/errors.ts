import { ConfigError, DataError, LockstepError, UnavailableError } from '../../../core/errors.js'

/** What was being done, and where, for messages. */
export interface Doing {
  readonly what: string
  readonly label: string
}

/** Refused rows, by SQLite's extended result codes; the words are those of the other databases. */
const REFUSED: Readonly<Record<string, string>> = {
  SQLITE_CONSTRAINT_UNIQUE: 'unique-violation',
  SQLITE_CONSTRAINT_PRIMARYKEY: 'unique-violation',
  SQLITE_CONSTRAINT_ROWID: 'unique-violation',
  SQLITE_CONSTRAINT_FOREIGNKEY: 'foreign-key-violation',
  SQLITE_CONSTRAINT_NOTNULL: 'not-null-violation',
  SQLITE_CONSTRAINT_CHECK: 'check-violation',
  SQLITE_CONSTRAINT_DATATYPE: 'datatype-mismatch',
  SQLITE_MISMATCH: 'datatype-mismatch',
  SQLITE_TOOBIG: 'value-too-large',
}

/** What waiting may cure. */
const AWAY: Readonly<Record<string, { readonly code: string; readonly why: string }>> = {
  SQLITE_BUSY: { code: 'database-busy', why: 'another process holds the lock on the file' },
  SQLITE_LOCKED: { code: 'database-busy', why: 'the database is locked' },
  SQLITE_PROTOCOL: { code: 'database-busy', why: 'the lock on the file could not be had' },
  SQLITE_FULL: { code: 'disk-full', why: 'the disk is full' },
  SQLITE_IOERR: { code: 'file-unreachable', why: 'reading or writing the file failed' },
  SQLITE_CANTOPEN: { code: 'file-unreachable', why: 'the file cannot be opened' },
  SQLITE_READONLY: { code: 'file-readonly', why: 'the file can only be read' },
  SQLITE_PERM: { code: 'file-readonly', why: 'the file may not be opened' },
  SQLITE_NOMEM: { code: 'out-of-memory', why: 'there is no memory left' },
}

/**
 * Makes the error of libsql one that the engine can act on. The message holds no row value, and neither does the cause:
 * SQLite names tables, columns and constraints only, and statements have parameters for all values.
 */
export function translate(error: unknown, { what, label }: Doing): unknown {
  if (error instanceof LockstepError || !(error instanceof Error)) return error
  const { code, extended } = codesOf(error)
  // Not of SQLite: thrown by the work within a transaction.
  if (!code.startsWith('SQLITE_')) return error
  const refused = REFUSED[extended] ?? REFUSED[code]
  if (refused !== undefined) return new DataError(refused, `${label}: ${what}: ${detail(error)}`, { cause: error })
  if (code === 'SQLITE_CONSTRAINT') {
    return new DataError('constraint-violation', `${label}: ${what}: a trigger or constraint refuses it`)
  }
  const away = AWAY[code]
  if (away !== undefined) return new UnavailableError(away.code, `${label}: ${what}: ${away.why}`, { cause: error })
  if (code === 'SQLITE_CORRUPT' || code === 'SQLITE_NOTADB') return damaged(label, error)
  if (/no such (table|column)|has no column named/.test(error.message)) return changed({ what, label }, error)
  return new Error(`${label}: ${what} failed: ${code} ${detail(error)}`, { cause: error })
}

export function isBusy(error: unknown): boolean {
  return error instanceof Error && /^SQLITE_(BUSY|LOCKED|PROTOCOL)/.test(codesOf(error).code)
}

function codesOf(error: Error): { readonly code: string; readonly extended: string } {
  // Opening a file is the one failure for which libsql has a number only.
  if (/ConnectionFailed/.test(error.message)) return { code: 'SQLITE_CANTOPEN', extended: '' }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const extended = 'extendedCode' in error && typeof error.extendedCode === 'string' ? error.extendedCode : code
  const [primary = code] = /^SQLITE_[A-Z]+/.exec(code) ?? []
  return { code: primary, extended }
}

function detail(error: Error): string {
  return error.message.replace(/^SQLITE_\w+: /, '')
}

function damaged(label: string, cause: Error): ConfigError {
  return new ConfigError({
    code: 'file-damaged',
    key: label,
    message: 'the file is no SQLite database, or a damaged one',
    fix: 'Name another file, or restore this one; `sqlite3 <file> ".recover"` saves what can be read.',
    cause,
  })
}

function changed({ what, label }: Doing, cause: Error): ConfigError {
  return new ConfigError({
    code: 'schema-changed',
    key: label,
    message: `${what}: ${detail(cause)}`,
    fix: 'Undo the change of the table, or start again so that the flow sees it.',
    cause,
  })
}
