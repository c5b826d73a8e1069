import type { SqliteTableInfo } from '../catalog/catalog.js'
import { quoteIdentifier } from '../catalog/identifiers.js'

/** A statement but for the number of its rows. */
export interface UpsertSql {
  readonly head: string
  /** The parameters of one row: `(?, ?)`. */
  readonly row: string
  readonly tail: string
}

/**
 * `insert into t (...) values (...), ... on conflict (key) do update ...`. SQLite takes the rows one after the other, so
 * a key that is there twice needs no care. A row without a version is never newer. `set`: what an update changes.
 */
export function upsertSql(
  { name, key, version }: SqliteTableInfo,
  { columns, set }: { readonly columns: readonly string[]; readonly set: readonly string[] },
): UpsertSql {
  const versioned = version === undefined || set.includes(version)
  const action = set.length > 0 && versioned ? `update set ${changes(set)}${newer(version)}` : 'nothing'
  return {
    head: `insert into ${quoteIdentifier(name)} as t (${columns.map(quoteIdentifier).join(', ')}) values `,
    row: `(${columns.map(() => '?').join(', ')})`,
    tail: ` on conflict (${key.map(quoteIdentifier).join(', ')}) do ${action}`,
  }
}

function changes(columns: readonly string[]): string {
  return columns
    .map(quoteIdentifier)
    .map((name) => `${name} = excluded.${name}`)
    .join(', ')
}

function newer(version: string | undefined): string {
  if (version === undefined) return ''
  const name = quoteIdentifier(version)
  return ` where excluded.${name} > t.${name} or (t.${name} is null and excluded.${name} is not null)`
}
