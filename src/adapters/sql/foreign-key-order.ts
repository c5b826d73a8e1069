import { ConfigError } from '../../core/errors.js'

/** A foreign key between two tables, named as in `tables`. */
export interface Reference {
  readonly child: string
  readonly parent: string
}

/**
 * The tables with parents before their children; otherwise in the order given. References to tables that are not among
 * them do not matter, and neither do those of a table to itself: there the rows themselves must come parents first, or
 * the constraint be checked at the end of the statement. Leave out constraints that are checked at COMMIT.
 * Throws `ConfigError` `foreign-key-cycle` when there is no such order.
 */
export function parentsFirst(tables: readonly string[], references: readonly Reference[]): readonly string[] {
  const parentsOf = new Map(tables.map((table) => [table, new Set<string>()]))
  for (const { child, parent } of references) {
    if (child !== parent && parentsOf.has(parent)) parentsOf.get(child)?.add(parent)
  }
  const ordered: string[] = []
  while (parentsOf.size > 0) {
    const next = [...parentsOf].find(([, parents]) => [...parents].every((parent) => !parentsOf.has(parent)))
    if (next === undefined) throw cycle(parentsOf)
    const [table] = next
    parentsOf.delete(table)
    ordered.push(table)
  }
  return ordered
}

/** Every table that is left has a parent that is left, so going from parent to parent ends in a circle. */
function cycle(left: ReadonlyMap<string, ReadonlySet<string>>): ConfigError {
  const path: string[] = []
  let [table] = left.keys()
  while (table !== undefined && !path.includes(table)) {
    path.push(table)
    table = [...(left.get(table) ?? [])].find((parent) => left.has(parent))
  }
  const circle = path.slice(path.indexOf(table ?? ''))
  return new ConfigError({
    code: 'foreign-key-cycle',
    key: 'into',
    message: `the foreign keys of ${circle.join(', ')} form a circle, so no order writes every parent before its children`,
    fix: 'make one of these constraints DEFERRABLE INITIALLY DEFERRED where the database has that, or write one of the tables in a flow of its own',
  })
}
