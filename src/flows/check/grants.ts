import type { TableRef } from '../../core/database.js'
import type { GrantList } from '../../core/flow.js'

/** What reading a table takes. The table is looked up, so that its schema is named also when the config does not. */
export async function readGrants(ref: TableRef, role: string, signal: AbortSignal): Promise<GrantList> {
  const { schema } = await ref.open(signal)
  const grantee = /^[a-z_][a-z0-9_]*$/.test(role) ? role : quote(role)
  const dot = schema.name.indexOf('.')
  const [space, table] = [schema.name.slice(0, Math.max(0, dot)), schema.name.slice(dot + 1)]
  const usage = space === '' ? [] : [`GRANT USAGE ON SCHEMA ${quote(space)} TO ${grantee};`]
  const name = space === '' ? quote(table) : `${quote(space)}.${quote(table)}`
  return { database: ref.database.label, statements: [...usage, `GRANT SELECT ON TABLE ${name} TO ${grantee};`] }
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
