import { ConfigError, DataError, LockstepError, UnavailableError } from '../../../core/errors.js'
import { AWAY, REFUSED } from './result-codes.js'

/** What was being done, and where, for messages. */
export interface Doing {
  readonly what: string
  readonly label: string
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
  if (away !== undefined) return new UnavailableError(away.code, `${label}: ${what}: ${away.says}`, { cause: error })
  if (code === 'SQLITE_CORRUPT' || code === 'SQLITE_NOTADB') return damaged(label, error)
  if (/no such table/.test(error.message)) return missing({ what, label }, error)
  if (/no such column|has no column named/.test(error.message)) return changed({ what, label }, error)
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

function missing({ what, label }: Doing, cause: Error): ConfigError {
  return new ConfigError({
    code: 'table-missing',
    key: label,
    message: `${what}: ${detail(cause)}`,
    fix: 'Create the table, or correct its name in the config.',
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
