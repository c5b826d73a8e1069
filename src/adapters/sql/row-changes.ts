import { DataError } from '../../core/errors.js'
import { failpoint } from '../../core/failpoint.js'
import type { ChangeOutcome, RowChange } from '../../core/repair.js'

export interface Applying {
  /** What the database refuses is an outcome of its own and leaves the others. */
  readonly apart: boolean
  apply(change: RowChange): Promise<ChangeOutcome>
}

/** Applies changes one after the other, in a transaction that the caller has begun and ends. */
export async function applyChanges(
  changes: readonly RowChange[],
  { apart, apply }: Applying,
): Promise<readonly ChangeOutcome[]> {
  const outcomes: ChangeOutcome[] = []
  for (const change of changes) {
    outcomes.push(apart ? await standingAlone(() => apply(change)) : await apply(change))
  }
  failpoint('repair:before-commit')
  return outcomes
}

async function standingAlone(work: () => Promise<ChangeOutcome>): Promise<ChangeOutcome> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof DataError) return { kind: 'failed', reason: error.message }
    throw error
  }
}

export interface Repairable {
  /** Columns that a new row needs a value of and that are not compared. */
  readonly required: readonly string[]
  /** Of the compared columns, in their order. */
  readonly names: readonly string[]
  /** Why the column at a place cannot hold a text; `undefined`: it can. */
  problemAt(place: number, text: string | null): string | undefined
}

/** Why a change cannot be made; `undefined`: it can be tried. */
export function changeProblem(change: RowChange, { required, names, problemAt }: Repairable): string | undefined {
  if (change.kind === 'delete') return undefined
  if (change.kind === 'insert' && required.length > 0) {
    return `a new row needs a value of ${required.join(', ')}, which is not compared and has no default`
  }
  for (const place of change.kind === 'insert' ? names.keys() : change.set) {
    const problem = problemAt(place, change.wanted[place] ?? null)
    if (problem !== undefined) return `column ${names[place]}: ${problem}`
  }
  return undefined
}

export interface ChangedColumns {
  /** Quoted, all that are compared. */
  readonly columns: readonly string[]
  /** Quoted, those that are never set. */
  readonly key: readonly string[]
}

/** What a GRANT says for these kinds of changes: no right on a column that is never written. */
export function changeRights(
  kinds: ReadonlySet<RowChange['kind']>,
  { columns, key }: ChangedColumns,
): readonly string[] {
  const set = columns.filter((column) => !key.includes(column))
  return [
    ...(kinds.has('delete') ? ['DELETE'] : []),
    ...(kinds.has('insert') ? [`INSERT (${columns.join(', ')})`] : []),
    ...(kinds.has('update') && set.length > 0 ? [`UPDATE (${set.join(', ')})`] : []),
  ]
}
