export { SqliteDatabase, sqlite } from './database.js'
export type { SqliteOptions } from './session/options.js'
