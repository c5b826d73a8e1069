import { ConfigError } from '../../../core/errors.js'

const MAX_CHARACTERS = 64

export interface TableName {
  /** `undefined`: the database of the URL. */
  readonly schema: string | undefined
  readonly table: string
}

/** A name as SQL text. Throws on what can be no name: empty, with a NUL, of more than 64 characters. */
export function identifier(name: string): string {
  const problem = identifierProblem(name)
  if (problem !== undefined) throw new RangeError(`not a MySQL name: ${problem}`)
  return `\`${name.replaceAll('`', '``')}\``
}

/** Why `name` cannot be a name; `undefined` when it can. */
export function identifierProblem(name: string): string | undefined {
  if (name === '') return 'it is empty'
  if (/[\0\p{Surrogate}\u{10000}-\u{10ffff}]/u.test(name)) return 'it holds a character that names cannot have'
  if (name.endsWith(' ')) return 'it ends with a space'
  if (name.length > MAX_CHARACTERS) return `it is longer than ${MAX_CHARACTERS} characters`
  return undefined
}

/** `` `app`.`quotes` `` */
export function qualified(schema: string, table: string): string {
  return `${identifier(schema)}.${identifier(table)}`
}

const PART = '(?:`((?:[^`]|``)+)`|([^`.]+))'
const NAME = new RegExp(`^(?:${PART}\\.)?${PART}$`, 'u')

/** Reads `quotes`, `app.quotes` and, for names with dots or backticks in them, `` `my db`.`my ``table` ``. */
export function parseTableName(text: string): TableName | undefined {
  const match = NAME.exec(text)
  if (match === null) return undefined
  const [, quotedSchema, plainSchema, quotedTable, plainTable] = match
  const schema = quotedSchema?.replaceAll('``', '`') ?? plainSchema
  const table = quotedTable?.replaceAll('``', '`') ?? plainTable
  if (table === undefined || identifierProblem(table) !== undefined) return undefined
  if (schema !== undefined && identifierProblem(schema) !== undefined) return undefined
  return { schema, table }
}

/** `app`, `app@10.0.0.%` or `'app'@'%'`; without a host it is any. */
export function quotedUser(role: string): string {
  const [, user = '', host = '%'] = /^'?([^'@\\\0]+)'?(?:@'?([^'@\\\0]+)'?)?$/.exec(role) ?? []
  if (user !== '') return `'${user}'@'${host}'`
  const message = "this is not the name of a user, as in app or 'app'@'10.0.0.%'"
  throw new ConfigError({ code: 'option-invalid', key: 'role', message, fix: 'name the user that the flows log in as' })
}
