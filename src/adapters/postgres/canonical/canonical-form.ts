import { type SQL, sql } from 'drizzle-orm'
import { type Form, type FormedColumn, hashingOf } from '../../../core/canonical.js'
import type { Row } from '../../../core/table.js'
import type { PostgresColumn, PostgresTableInfo } from '../catalog/catalog.js'
import { rowSelect, toRows } from '../digest/lookup.js'
import type { RowForm } from '../digest/row-form.js'
import { ColumnarRows } from '../rows/columnar.js'
import type { ResultRow, Session } from '../session/session.js'
import { formedValue, hashedValue } from './expression.js'
import { keyComparison } from './key-comparison.js'

const LOOKUP_MS = 300_000

/** Values and hashes that other engines come to as well; `info` has its columns in the order of `columns`. */
export function canonicalForm(
  info: PostgresTableInfo,
  columns: readonly FormedColumn[],
  key: readonly string[],
): RowForm {
  const forms = new Map(columns.map(({ name, form }) => [name, form]))
  const formOf = ({ name }: PostgresColumn): Form => forms.get(name) ?? { kind: 'text', padded: false }
  const hashed = (of: readonly PostgresColumn[]): string =>
    `pg_catalog.md5(${of.map((column) => hashedValue(column, formOf(column))).join(' || ')})`
  const printed: RowForm['printed'] = (column, table) => formedValue(column, formOf(column), `${table}.`)
  return {
    info,
    hashing: hashingOf(columns, key),
    rowHash: `('x' || pg_catalog.left(${hashed(info.columns)}, 16))::bit(64)::int8`,
    bucketIndex: (depth) =>
      depth === 0 ? '0' : `(('x' || pg_catalog.left(${hashed(info.keyColumns)}, 6))::bit(24)::int4 >> ${24 - depth})`,
    printed,
    lookup: async (session, keys, signal) =>
      toRows(
        await selectByKeys(session, { info, formOf }, { list: rowSelect(info.columns, 't', printed), keys, signal }),
        info.columns.length,
      ),
  }
}

export interface KeyedTable {
  readonly info: PostgresTableInfo
  formOf(column: PostgresColumn): Form
}

/** The list, of the rows `t` that have one of these keys. */
export async function selectByKeys(
  session: Session,
  { info, formOf }: KeyedTable,
  { list, keys, signal }: { readonly list: SQL; readonly keys: readonly Row[]; readonly signal: AbortSignal },
): Promise<readonly ResultRow[]> {
  // What PostgreSQL cannot hold is not there.
  const possible = keys.filter((key) => key.every((value) => value !== null && isStorable(value)))
  const sides = info.keyColumns.map((column, at) =>
    keyComparison(
      column,
      formOf(column),
      possible.map((key) => key[at] ?? ''),
    ),
  )
  const wanted = possible.filter((key) => sides.every(({ accepts }, at) => accepts(key[at] ?? '')))
  if (wanted.length === 0) return []
  const asked = ColumnarRows.from(wanted, info.keyColumns.length)
  const names = sql.raw(sides.map((_, at) => `k${at}`).join(', '))
  const same = sides.map(({ side, asked: given }, at) => sql.raw(`${side('t.')} = ${given(`k.k${at}`)}`))
  return session.execute(
    sql`
      select ${list}
      from (select distinct ${names} from unnest(${sql.join(asked.columns.map(textArray), sql`, `)}) u(${names})) k
      join ${sql.raw(info.source)} t on ${sql.join(same, sql` and `)}`,
    { signal, deadlineMs: LOOKUP_MS, what: 'looking up rows' },
  )
}

function isStorable(value: string): boolean {
  return !/[\0\p{Surrogate}]/u.test(value)
}

function textArray(literal: string): SQL {
  return sql`${sql.param(literal)}::text[]`
}
