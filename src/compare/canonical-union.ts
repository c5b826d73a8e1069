import type { CanonicalTable, Form, FormedColumn } from '../core/canonical.js'
import type { CanonicalRepair } from '../core/repair.js'
import type { Table, TableSchema } from '../core/table.js'
import { notAlike, union, unionLabel } from './union.js'

type Compared = CanonicalTable & Partial<Pick<CanonicalRepair, 'whole'>>

/**
 * As `union`, of tables in canonical form. Each column must have the same forms in all of them. What it is compared with
 * can be set right after it; it can not, as nothing is known of which table a row belongs to.
 */
export function canonicalUnion([first, ...others]: readonly [Compared, ...Compared[]], key: string): Compared {
  for (const other of others) if (!sameForms(first, other)) throw notAlike(first, other, key)
  return others.length === 0 ? first : new CanonicalUnion([first, ...others], key)
}

class CanonicalUnion implements CanonicalTable {
  readonly schema: TableSchema
  readonly label: string
  readonly forms: CanonicalTable['forms']
  /** The tables are alike, so the first speaks for all. */
  readonly whole?: CanonicalRepair['whole']
  readonly #tables: readonly [Compared, ...Compared[]]
  readonly #key: string

  constructor(tables: readonly [Compared, ...Compared[]], key: string) {
    const [first] = tables
    this.#tables = tables
    this.#key = key
    this.schema = first.schema
    this.forms = first.forms
    this.label = unionLabel(tables)
    if (first.whole !== undefined) this.whole = first.whole.bind(first)
  }

  as(columns: readonly FormedColumn[], key: readonly string[]): Table {
    const [first, ...others] = this.#tables
    return union([first.as(columns, key), ...others.map((other) => other.as(columns, key))], this.#key)
  }
}

function sameForms(one: CanonicalTable, other: CanonicalTable): boolean {
  const [a, b] = [formsOf(one), formsOf(other)]
  const keys = [one, other].map(({ schema }) => [...schema.key].toSorted().join('\0'))
  return a.size === b.size && keys[0] === keys[1] && [...a].every(([name, forms]) => b.get(name) === forms)
}

/** By column, as text. */
function formsOf({ schema, forms }: CanonicalTable): ReadonlyMap<string, string> {
  const text = (offered: readonly Form[] | undefined): string => JSON.stringify(offered ?? [])
  return new Map(schema.columns.map(({ name }, at) => [name, text(forms[at])]))
}
