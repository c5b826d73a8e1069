export { PostgresDatabase, postgres } from './database.js'
export type { PostgresIdentity } from './session/identity.js'
export type { PostgresOptions } from './session/options.js'
export type { PostgresTableRef } from './table-ref.js'
