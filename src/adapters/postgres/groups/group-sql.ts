import { type SQL, sql } from 'drizzle-orm'
import type { GroupRange } from '../../../core/groups.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import { formatArrayLiteral } from '../rows/array-literal.js'
import type { PostgresGroupColumn } from './group-column.js'

/** The first groups of a range, as one row of two array literals `k` and `n`, and how many they are, `c`. */
export function keysetStatement(
  column: PostgresGroupColumn,
  { limit, ...range }: GroupRange & { readonly limit: number },
): SQL {
  return columnar(column, sql`${grouped(column, within(column, range))} limit ${limit}`)
}

/** The groups that have one of these keys, in the same form. */
export function lookupStatement(column: PostgresGroupColumn, keys: readonly string[]): SQL {
  const literal = formatArrayLiteral(keys.map((key) => parameterOf(column, key)))
  return columnar(column, grouped(column, sql`${key(column)} = any (${literal}::${sql.raw(column.keyCast)}[])`))
}

/** All groups of a range, one row each, for a cursor. */
export function sortedStatement(column: PostgresGroupColumn, range: GroupRange): SQL {
  return sql`select (${sql.raw(column.printKey)})::text as k, g.n::text as n
    from (${grouped(column, within(column, range))}) g order by g.k`
}

/** What identifies the rows of one key. */
export function rowsStatement(column: PostgresGroupColumn, value: string, limit: number): SQL {
  const list = column.rowKey.map((name, index) => `t.${quoteIdentifier(name)}::text as c${index}`).join(', ')
  const order = column.rowKey.map((name) => `t.${quoteIdentifier(name)}`).join(', ')
  const match = sql`${key(column)} = ${parameterOf(column, value)}::${sql.raw(column.keyCast)}`
  return sql`select ${sql.raw(list)} from ${sql.raw(column.qualified)} t where ${match}${filter(column)}
    order by ${sql.raw(order)} limit ${limit}`
}

function columnar(column: PostgresGroupColumn, groups: SQL): SQL {
  return sql`select array_agg(${sql.raw(column.printKey)})::text as k, array_agg(g.n)::text as n, count(*)::int4 as c
    from (${groups}) g`
}

function grouped(column: PostgresGroupColumn, condition: SQL): SQL {
  const by = column.single ? sql`order by k` : sql`group by k order by k`
  return sql`select ${key(column)} as k, ${sql.raw(column.figure)} as n from ${sql.raw(column.qualified)} t
    where ${condition}${filter(column)} ${by}`
}

function within(column: PostgresGroupColumn, { after, upTo }: GroupRange): SQL {
  const beyond = after === undefined ? sql`${key(column)} is not null` : sql`${key(column)} > ${border(column, after)}`
  return upTo === undefined ? beyond : sql`${beyond} and ${key(column)} <= ${border(column, upTo)}`
}

/** A number that no bigint holds may come from another database; let the server say what is greater. */
function border(column: PostgresGroupColumn, text: string): SQL {
  return sql`${parameterOf(column, text)}::${sql.raw(column.fits(text) ? column.keyCast : 'numeric')}`
}

function key(column: PostgresGroupColumn): SQL {
  return sql.raw(column.key)
}

function parameterOf({ order }: PostgresGroupColumn, text: string): string {
  return order === 'bytes' ? `\\x${text}` : text
}

function filter({ where }: PostgresGroupColumn): SQL {
  return where === undefined ? sql`` : sql.raw(` and (\n${where}\n)`)
}
