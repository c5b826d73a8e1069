export { PostgresDatabase, postgres } from './database.js'
export type { PostgresIdentity } from './session/identity.js'
export type { PostgresOptions } from './session/options.js'
