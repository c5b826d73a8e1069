import { ConfigError, UnavailableError } from '../../core/errors.js'
import type { FlowContext } from '../../core/flow.js'
import type { Table } from '../../core/table.js'

/**
 * Whether both tables still have the columns they were opened with; `false` when that cannot be told. Throws a
 * `ConfigError` when one was altered: what was read of it is then of two kinds.
 */
export async function isUnaltered(
  before: readonly Table[],
  { name }: FlowContext,
  reopen: (() => Promise<{ readonly left: Table; readonly right: Table }>) | undefined,
): Promise<boolean> {
  if (reopen === undefined) return true
  try {
    const { left, right } = await reopen()
    const changes = [left, right].flatMap((after, side) => changesOf(before[side], after))
    if (changes.length > 0) throw schemaChanged(name, changes.join('; '))
    return true
  } catch (error) {
    if (error instanceof UnavailableError) return false
    throw asSchemaChange(error, name, ALTERED)
  }
}

/** An error that says that what was there when the tables were opened is no more: somebody has altered one of them. */
export function asSchemaChange(error: unknown, flow: string, codes = GONE): unknown {
  if (!(error instanceof ConfigError) || !codes.has(error.code)) return error
  return schemaChanged(flow, error.message, error)
}

export function schemaChanged(flow: string, what: string, cause?: unknown): ConfigError {
  return new ConfigError({
    code: 'schema-changed',
    key: `flows.${flow}`,
    message: `a table was altered while it was compared, so there is no verdict: ${what}`,
    fix: 'run the check again once the migration is done on both sides',
    ...(cause === undefined ? {} : { cause }),
  })
}

const GONE: ReadonlySet<string> = new Set(['column-missing', 'table-missing'])
/** What else opening says of tables that could be compared before. */
export const ALTERED: ReadonlySet<string> = new Set([
  ...GONE,
  'tables-not-comparable',
  'shards-not-alike',
  'column-unusable',
  'key-missing',
  'key-collation',
  'key-not-unique',
  'key-type-mismatch',
  'value-type-mismatch',
])

function changesOf(before: Table | undefined, after: Table): readonly string[] {
  if (before === undefined) return []
  const types = new Map(after.schema.columns.map(({ name, type }) => [name, type]))
  const known = new Set(before.schema.columns.map(({ name }) => name))
  const changed = before.schema.columns.filter(({ name, type }) => types.get(name) !== type)
  const added = after.schema.columns.filter(({ name }) => !known.has(name))
  return [
    ...changed.map(
      ({ name, type }) => `column ${name} of ${before.label} was ${type} and is ${types.get(name) ?? 'gone'}`,
    ),
    ...added.map(({ name }) => `column ${name} of ${before.label} is new`),
    ...(before.hashing === after.hashing || changed.length + added.length > 0
      ? []
      : [`the columns of ${before.label} are of other types`]),
  ]
}
