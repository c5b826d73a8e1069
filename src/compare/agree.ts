import { type CanonicalTable, type Form, type FormedColumn, formText } from '../core/canonical.js'
import { ConfigError } from '../core/errors.js'
import type { CanonicalRepair, RepairColumn, RepairTable, Side } from '../core/repair.js'
import type { Table, TableSchema } from '../core/table.js'

export interface AgreeOptions {
  /** The place in the config to blame. */
  readonly key: string
  /** Right name by left name, of columns whose names differ. */
  readonly columns?: Readonly<Record<string, string>>
  /** All columns are the key of both. */
  readonly keyless?: boolean
}

export interface Agreement {
  readonly left: Table
  readonly right: Table
  /** What counts for nothing because one side cannot hold it, a sentence each. */
  readonly notes: readonly string[]
  /** `undefined`: that side cannot be repaired. */
  repairs(side: Side): RepairEnds | undefined
}

type Agreeable = CanonicalTable & Partial<CanonicalRepair>

/** A side to be repaired, and the other one with all of its values. */
export interface RepairEnds {
  readonly target: RepairTable
  readonly source: Table
}

interface Pair {
  readonly left: number
  readonly right: number
  readonly name: string
  readonly form: Form
}

/**
 * Both tables with their values in forms that both have, columns named and ordered as on the left. Throws a
 * `ConfigError` that names every column without a partner, or whose types have no form in common.
 */
export function agree(left: Agreeable, right: Agreeable, options: AgreeOptions): Agreement {
  const mapped = new Map(Object.entries(options.columns ?? {}))
  const problems = [...unknownNames(left.schema, right.schema, mapped)]
  const pairs: Pair[] = []
  for (const [at, { name }] of left.schema.columns.entries()) {
    const partner = mapped.get(name) ?? name
    const place = right.schema.columns.findIndex((column) => column.name === partner)
    if (place === -1) {
      problems.push(`column ${name} is only on the left`)
      continue
    }
    const form = common(left.forms[at] ?? [], right.forms[place] ?? [])
    if (form === undefined) problems.push(unlike(left.schema, right.schema, { left: at, right: place }))
    else pairs.push({ left: at, right: place, name, form })
  }
  const taken = new Set(left.schema.columns.map(({ name }) => mapped.get(name) ?? name))
  for (const { name } of right.schema.columns)
    if (!taken.has(name)) problems.push(`column ${name} is only on the right`)
  const wanted = left.schema.key.map((name) => mapped.get(name) ?? name)
  if (problems.length === 0 && [...wanted].sort().join('\0') !== [...right.schema.key].sort().join('\0')) {
    problems.push(`the key is (${left.schema.key.join(', ')}) left and (${right.schema.key.join(', ')}) right`)
  }
  if (options.keyless !== true) problems.push(...unequalKeys(left, right, pairs))
  if (problems.length > 0) throw notComparable(left, right, { key: options.key, problems })
  const as = (table: CanonicalTable, side: 'left' | 'right'): Table =>
    table.as(
      pairs.map((pair): FormedColumn => {
        return { name: table.schema.columns[pair[side]]?.name ?? '', as: pair.name, form: pair.form }
      }),
      left.schema.key,
    )
  const repairs = (side: Side): RepairEnds | undefined => {
    const other = side === 'left' ? 'right' : 'left'
    const [target, source] = side === 'left' ? [left, right] : [right, left]
    if (target.repair === undefined || target.whole === undefined || source.whole === undefined) return undefined
    const whole = source.whole.bind(source)
    const columns = pairs.map((pair): RepairColumn => {
      const name = target.schema.columns[pair[side]]?.name ?? ''
      const given = whole(source.schema.columns[pair[other]]?.name ?? '', pair.form)
      return { name, as: pair.name, form: pair.form, given }
    })
    const given = pairs.map((pair, at): FormedColumn => {
      const form = left.schema.key.includes(pair.name) ? pair.form : columns[at]?.given
      return { name: source.schema.columns[pair[other]]?.name ?? '', as: pair.name, form: wholeForm(form, pair.form) }
    })
    return { target: target.repair(columns, left.schema.key), source: source.as(given, left.schema.key) }
  }
  return { left: as(left, 'left'), right: as(right, 'right'), notes: notes(left, right, pairs), repairs }
}

function wholeForm(form: RepairColumn['given'] | undefined, compared: Form): Form {
  return form === undefined || form === 'native' ? compared : form
}

function* unknownNames(
  left: TableSchema,
  right: TableSchema,
  mapped: ReadonlyMap<string, string>,
): Generator<string, void, undefined> {
  for (const [one, other] of mapped) {
    if (!left.columns.some(({ name }) => name === one)) yield `columns names ${one}, which the left has not`
    if (!right.columns.some(({ name }) => name === other)) yield `columns names ${other}, which the right has not`
  }
}

/** The form that both have and that both like best. */
function common(left: readonly Form[], right: readonly Form[]): Form | undefined {
  let best: { readonly form: Form; readonly rank: number } | undefined
  for (const [i, one] of left.entries()) {
    for (const [j, other] of right.entries()) {
      const form = merged(one, other)
      if (form !== undefined && (best === undefined || i + j < best.rank)) best = { form, rank: i + j }
    }
  }
  return best?.form
}

function merged(one: Form, other: Form): Form | undefined {
  if (one.kind === 'text' && other.kind === 'text') return { kind: 'text', padded: one.padded || other.padded }
  if (one.kind === 'moment' && other.kind === 'moment') return one.fraction < other.fraction ? one : other
  if (one.kind === 'time' && other.kind === 'time') return one.fraction < other.fraction ? one : other
  if (one.kind === 'float' && other.kind === 'float') return one.bits === other.bits ? one : undefined
  if (one.kind === 'own' && other.kind === 'own') return one.name === other.name ? one : undefined
  return one.kind === other.kind ? one : undefined
}

function unlike(left: TableSchema, right: TableSchema, at: { readonly left: number; readonly right: number }): string {
  const [one, other] = [left.columns[at.left], right.columns[at.right]]
  return `column ${one?.name} is ${one?.type} left and ${other?.type} right, which have no form in common`
}

/** A key that one side cuts would make two rows one. */
function* unequalKeys(
  left: CanonicalTable,
  right: CanonicalTable,
  pairs: readonly Pair[],
): Generator<string, void, undefined> {
  for (const pair of pairs) {
    if (!left.schema.key.includes(pair.name)) continue
    const types = `${left.schema.columns[pair.left]?.type} left and ${right.schema.columns[pair.right]?.type} right`
    if (pair.form.kind === 'float') yield `key column ${pair.name} is a float (${types}), which identifies nothing`
    const offered = [left.forms[pair.left] ?? [], right.forms[pair.right] ?? []].flat()
    if (isCut(offered, pair.form)) {
      yield `key column ${pair.name} has more digits of the second on one side (${types}), so two keys could become one`
    }
  }
}

function isCut(offered: readonly Form[], form: Form): boolean {
  return offered.some((one) => 'fraction' in one && 'fraction' in form && one.fraction !== form.fraction)
}

function notComparable(
  left: CanonicalTable,
  right: CanonicalTable,
  { key, problems }: { readonly key: string; readonly problems: readonly string[] },
): ConfigError {
  return new ConfigError({
    code: 'tables-not-comparable',
    key,
    message: `${left.label} and ${right.label} cannot be compared: ${problems.join('; ')}`,
    fix: 'make the columns alike, pair those with other names in columns, or leave them out on both sides with the table option ignore',
  })
}

function notes(left: CanonicalTable, right: CanonicalTable, pairs: readonly Pair[]): readonly string[] {
  return pairs.flatMap((pair) => {
    const { form, name } = pair
    const offered = [...(left.forms[pair.left] ?? []), ...(right.forms[pair.right] ?? [])]
    const types = `${left.schema.columns[pair.left]?.type} left, ${right.schema.columns[pair.right]?.type} right`
    if (isCut(offered, form))
      return [`${name} is compared as ${formText(form)} of the second, the rest is cut (${types})`]
    const mixed = form.kind === 'text' && offered.some((one) => one.kind === 'text' && one.padded !== form.padded)
    return mixed ? [`${name} is compared without spaces at its end (${types})`] : []
  })
}
