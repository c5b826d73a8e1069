import type { GroupColumn, GroupRange, KeyOrder } from '../../../core/groups.js'
import { quoteIdentifier } from '../catalog/identifiers.js'

/** A request as the file has it, with the SQL it takes. */
export interface SqliteGroupColumn extends GroupColumn {
  readonly table: string
  readonly keyName: string
  /** What the figure is of, where that is not a count and not stored. */
  readonly valueName: string | undefined
  /** Names that an index cannot have, in lower case. */
  readonly takenNames: ReadonlySet<string>
  /** `t."blob_id"`, of a text by its bytes. */
  readonly key: string
  /** Prints a key `g.k` without commas. */
  readonly printKey: string
  readonly figure: string
  /** What `typeof` must be: a column holds whatever was written into it. */
  readonly stored: 'integer' | 'text' | 'blob'
  readonly single: boolean
  readonly where: string | undefined
}

const SAFE = /^-?\d{1,19}$/
const LEAST = -(2n ** 63n)
const GREATEST = 2n ** 63n - 1n

/** By the column's declared type; `undefined`: its order is not that of other engines. */
export function keyOrderOf(type: string): KeyOrder | undefined {
  if (/int/i.test(type)) return 'number'
  if (/char|clob|text/i.test(type)) return 'text'
  return /blob/i.test(type) ? 'bytes' : undefined
}

export const STORED = { number: 'integer', text: 'text', bytes: 'blob', uuid: 'text' } as const

export const PRINTED = { number: 'g.k', text: 'lower(hex(g.k))', bytes: 'lower(hex(g.k))', uuid: 'g.k' } as const

/** A key as SQL text; `undefined`: no value of the column can be it. */
export function literalOf({ order }: Pick<GroupColumn, 'order'>, key: string): string | undefined {
  if (order === 'bytes') return /^[0-9a-f]*$/.test(key) ? `x'${key}'` : undefined
  if (order === 'text') return `cast(x'${Buffer.from(key, 'utf8').toString('hex')}' as text)`
  if (!SAFE.test(key)) return undefined
  const value = BigInt(key)
  // The least one is no literal of SQLite: it would be read as a real number.
  if (value === LEAST) return '(-9223372036854775807 - 1)'
  return value > LEAST && value <= GREATEST ? key : undefined
}

/** The first groups of a range, as one row; `bad` counts those that are of another type than the column. */
export function keysetStatement(
  column: SqliteGroupColumn,
  { limit, ...range }: GroupRange & { readonly limit: number },
): string {
  return columnar(column, `${grouped(column, within(column, range))} limit ${limit}`)
}

export function lookupStatement(column: SqliteGroupColumn, literals: readonly string[]): string {
  return columnar(column, grouped(column, `${column.key} in (${literals.join(', ')})`))
}

/** Sorts once; what comes is read with `pageStatement`. It is a table of this connection alone, beside the file. */
export function sortedStatement(column: SqliteGroupColumn, name: string, range: GroupRange): string {
  return `create temp table ${name} as ${grouped(column, within(column, range))}`
}

export function pageStatement(column: SqliteGroupColumn, name: string, page: { after: number; limit: number }): string {
  return columnar(
    column,
    `select k, n from temp.${name} where rowid > ${page.after} order by rowid limit ${page.limit}`,
  )
}

export function rowsStatement(column: SqliteGroupColumn, literal: string, limit: number): string {
  const list = column.rowKey.map((name, index) => `cast(t.${quoteIdentifier(name)} as text) as c${index}`).join(', ')
  const order = column.rowKey.map((name) => `t.${quoteIdentifier(name)}`).join(', ')
  return `select ${list} from ${quoteIdentifier(column.table)} t where ${column.key} = ${literal}${filter(column)}
    order by ${order} limit ${limit}`
}

function columnar(column: SqliteGroupColumn, groups: string): string {
  const bad = `typeof(g.k) <> '${column.stored}' or typeof(g.n) not in ('integer', 'null')`
  return `select group_concat(${column.printKey}) as k, group_concat(coalesce(g.n, 'NULL')) as n, count(*) as c,
    coalesce(sum(${bad}), 0) as bad from (${groups}) g`
}

function grouped(column: SqliteGroupColumn, condition: string): string {
  const by = column.single ? 'order by 1' : 'group by 1 order by 1'
  return `select ${column.key} as k, ${column.figure} as n from ${quoteIdentifier(column.table)} t
    where ${condition}${filter(column)} ${by}`
}

function within(column: SqliteGroupColumn, { after, upTo }: GroupRange): string {
  const beyond = after === undefined ? `${column.key} is not null` : beside(column, '>', after)
  return upTo === undefined ? beyond : `${beyond} and ${beside(column, '<=', upTo)}`
}

/** A number that no integer holds may come from another database: all keys are on one side of it. */
function beside(column: SqliteGroupColumn, operator: '>' | '<=', border: string): string {
  const literal = literalOf(column, border)
  if (literal !== undefined) return `${column.key} ${operator} ${literal}`
  return border.startsWith('-') === (operator === '>') ? `${column.key} is not null` : 'false'
}

function filter({ where }: SqliteGroupColumn): string {
  return where === undefined ? '' : ` and (\n${where}\n)`
}
