import type { GroupRange } from '../../../core/groups.js'
import { identifier } from '../catalog/identifiers.js'
import type { MysqlGroupColumn } from './group-column.js'

// All values are written into the statements, checked, so that a `?` in a filter of the config stays what it is.

/** The first groups of a range, as one row: their keys `k` and numbers `n` with commas between, and how many they are, `c`. */
export function keysetStatement(
  column: MysqlGroupColumn,
  { limit, ...range }: GroupRange & { readonly limit: number },
): string {
  return columnar(column, `${grouped(column, within(column, range))} limit ${limit}`)
}

/** The groups that have one of these keys, in the same form; others may be among them. */
export function lookupStatement(column: MysqlGroupColumn, keys: readonly string[]): string {
  return columnar(column, grouped(column, `${column.match} in (${keys.map(column.matchLiteral).join(', ')})`))
}

/** All groups of a range, one row each. */
export function sortedStatement(column: MysqlGroupColumn, range: GroupRange): string {
  return `select ${column.print} as k, g.n as n from (${grouped(column, within(column, range))}) g order by g.k`
}

/** What identifies the rows of one key. */
export function rowsStatement(column: MysqlGroupColumn, key: string, limit: number): string {
  const list = column.rowKey.map((name, index) => `cast(t.${identifier(name)} as char) as c${index}`).join(', ')
  const order = column.rowKey.map((name) => `t.${identifier(name)}`).join(', ')
  const match = `${column.match} = ${column.matchLiteral(key)} and ${column.key} = ${column.literal(key)}`
  return `select ${list} from ${column.qualified} t where ${match}${filter(column)} order by ${order} limit ${limit}`
}

/** Numbers may be NULL, which GROUP_CONCAT would leave out. */
function columnar(column: MysqlGroupColumn, groups: string): string {
  const list = `group_concat(${column.print}) as k, group_concat(coalesce(g.n, 'NULL')) as n, count(*) as c`
  return `select ${list} from (${groups}) g`
}

function grouped(column: MysqlGroupColumn, condition: string): string {
  const { key, figure, qualified, index, single } = column
  const force = index === undefined ? '' : ` force index (${index})`
  const by = single ? `order by ${key}` : `group by ${key} order by ${key}`
  return `select ${key} as k, ${figure} as n from ${qualified} t${force} where ${condition}${filter(column)} ${by}`
}

function within({ key, literal }: MysqlGroupColumn, { after, upTo }: GroupRange): string {
  const beyond = after === undefined ? `${key} is not null` : `${key} > ${literal(after)}`
  return upTo === undefined ? beyond : `${beyond} and ${key} <= ${literal(upTo)}`
}

function filter({ where }: MysqlGroupColumn): string {
  return where === undefined ? '' : ` and (\n${where}\n)`
}
