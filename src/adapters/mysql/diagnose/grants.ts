import type { TableUse } from '../../../core/database.js'
import type { GrantList } from '../../../core/diagnosis.js'
import { quotedUser } from '../catalog/identifiers.js'
import type { NamedTable } from '../handle.js'
import { stateDdl, stateGrants } from '../state/state-schema.js'

/**
 * The least rights for a use of the table, as statements for its owner to run; they may be run again. They also create
 * the state tables, so that the user need not have the right to create anything.
 */
export async function tableGrants(
  ref: NamedTable,
  what: { readonly use: TableUse; readonly role: string },
  signal: AbortSignal,
): Promise<GrantList> {
  const user = quotedUser(what.role)
  const { qualified } = await ref.describe(signal, what.use === 'read')
  const rights = what.use === 'read' ? 'SELECT' : 'SELECT, INSERT, UPDATE'
  const { label, name: database } = ref.database
  const state = what.use === 'read' ? [] : [...stateDdl(database), ...stateGrants(database, user)]
  const statements = [`GRANT ${rights} ON ${qualified} TO ${user}`, ...state]
  return { database: label, statements: statements.map((statement) => `${statement};`) }
}
