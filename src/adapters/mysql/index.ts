export { MysqlDatabase, mysql } from './database.js'
export type { MysqlOptions } from './session/options.js'
