import type { TableUse } from '../../../core/database.js'
import type { Diagnosis } from '../../../core/diagnosis.js'
import { ConfigError, LockstepError } from '../../../core/errors.js'
import type { PostgresTableInfo } from '../catalog/catalog.js'
import type { PostgresHandle } from '../handle.js'

/** What each aspect of a diagnosis is given. */
export interface Patient {
  readonly database: PostgresHandle
  /** The role of the connection, quoted for SQL. */
  readonly role: string
  /** The database, quoted for SQL. */
  readonly databaseName: string
  readonly signal: AbortSignal
}

/** A patient whose table could be opened. */
export interface TablePatient extends Patient {
  readonly info: PostgresTableInfo
  /** `TableSchema.name` with the database's label. */
  readonly label: string
  readonly use: TableUse
}

/** What `work` finds; what it throws for the user to mend is an error among the findings. */
export async function findings(
  subject: string,
  work: () => Promise<readonly Diagnosis[]>,
  role = '<role>',
): Promise<readonly Diagnosis[]> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error
    if (!(error instanceof ConfigError)) return [{ level: 'error', subject, message: error.message }]
    return [{ level: 'error', subject, message: error.problem, fix: error.fix.replaceAll('<role>', role) }]
  }
}

/** `a, b and c` */
export function enumerated(names: readonly string[]): string {
  const last = names.at(-1) ?? ''
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`
}
