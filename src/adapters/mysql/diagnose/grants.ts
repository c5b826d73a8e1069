import type { TableUse } from '../../../core/database.js'
import type { GrantList } from '../../../core/diagnosis.js'
import { ConfigError } from '../../../core/errors.js'
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

/** `app`, `app@10.0.0.%` or `'app'@'%'`; without a host it is any. */
export function quotedUser(role: string): string {
  const [, user = '', host = '%'] = /^'?([^'@\\\0]+)'?(?:@'?([^'@\\\0]+)'?)?$/.exec(role) ?? []
  if (user !== '') return `'${user}'@'${host}'`
  const message = "this is not the name of a user, as in app or 'app'@'10.0.0.%'"
  throw new ConfigError({ code: 'option-invalid', key: 'role', message, fix: 'name the user that the flows log in as' })
}
