export { PostgresDatabase, postgres } from './database.js'
export type { PostgresIdentity } from './identity.js'
export type { PostgresOptions } from './options.js'
