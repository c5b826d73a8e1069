import type { Aggregate, GroupColumn, StoredValue } from '../../core/groups.js'

interface Read {
  /** Of the key. */
  readonly key: string
  readonly of: Aggregate | StoredValue
  readonly where: string | undefined
  /** The name in the database of a column that the config names. */
  readonly named: (name: string) => string
}

/** `GroupColumn.types`: of the key and of what is taken of it; with a filter of all columns, as it may name any. */
export function readTypes(
  columns: readonly { readonly name: string; readonly type: string }[],
  { key, of, where, named }: Read,
): GroupColumn['types'] {
  const value = of.kind === 'count' ? undefined : named(of.column)
  const used = where === undefined ? columns.filter(({ name }) => name === key || name === value) : columns
  return used.map(({ name, type }) => `${name} ${type}`)
}
