import type { TableUse } from '../../core/database.js'
import type { GrantList } from '../../core/diagnosis.js'
import { quoteIdentifier, quoteQualified } from './identifiers.js'
import type { PostgresTableRef } from './table-ref.js'

/** The least rights for a use of the table, as statements for a superuser or owner to run. */
export async function tableGrants(ref: PostgresTableRef, what: { use: TableUse; role: string }, signal: AbortSignal): Promise<GrantList> {
  const { info } = await ref.open(signal)
  const role = quoteIdentifier(what.role)
  return {
    database: ref.database.label,
    statements: [
      `GRANT USAGE ON SCHEMA ${quoteIdentifier(info.schemaName)} TO ${role};`,
      `GRANT SELECT ON TABLE ${quoteQualified(info.schemaName, info.tableName)} TO ${role};`,
    ],
  }
}
