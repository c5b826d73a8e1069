import { keyText } from '../../../compare/key.js'
import type { HeldRow, RepairTable, RowChange } from '../../../core/repair.js'
import type { Row } from '../../../core/table.js'

/** What the rows of some keys are to become. */
export interface WantedRow {
  /** In the forms compared. */
  readonly row: Row
  /** All of each value. */
  readonly whole: Row
}

export interface Repairs {
  readonly target: RepairTable
  /** By `keyText`; a key that is not in it has no row on the other side. */
  wanted(keys: readonly Row[], signal: AbortSignal): Promise<ReadonlyMap<string, WantedRow>>
  keyOf(row: Row): Row
  same(held: Row, wanted: Row): boolean
  /** A held row as it was compared, where that is not just its values. */
  normal?(row: Row): Row
}

/** A difference to be repaired: its key, and the row of the target as it was compared, as a fingerprint. */
export interface Wrong {
  readonly key: Row
  readonly seen: string | undefined
  /** Its row is not known as it was compared: whatever is there now is taken. */
  readonly unseen?: true
}

export interface Planned {
  readonly changes: readonly RowChange[]
  /** Keys of rows that only the target has, when they are not to be deleted. */
  readonly kept: readonly Row[]
  /** Rows that cannot be made exactly what they should be. */
  readonly problems: readonly { readonly key: Row; readonly reason: string }[]
  /** Rows that have changed since they were compared. */
  readonly moved: readonly Row[]
}

export interface PlanOptions {
  readonly delete: boolean
  readonly print: (row: Row) => string
  readonly signal: AbortSignal
}

/** Looks at the rows anew and says what each change is, guarded by what the target holds now. */
export async function planChanges(repairs: Repairs, wrongs: readonly Wrong[], options: PlanOptions): Promise<Planned> {
  const keys = wrongs.map(({ key }) => key)
  const { signal } = options
  const held = byKey(repairs, await repairs.target.held(keys, signal))
  const wanted = await repairs.wanted(keys, signal)
  const changes: RowChange[] = []
  const kept: Row[] = []
  const problems: Planned['problems'][number][] = []
  const moved: Row[] = []
  for (const { key, seen, unseen } of wrongs) {
    const [here, there] = [held.get(keyText(key)), wanted.get(keyText(key))]
    const row = here && normal(repairs, here.row)
    if (unseen !== true && (row && options.print(row)) !== seen) {
      moved.push(key)
      continue
    }
    const change = changeOf(repairs, key, { here, there })
    if (change === undefined) moved.push(key)
    else if (change.kind === 'delete' && !options.delete) kept.push(key)
    else {
      const reason = repairs.target.problem(change)
      if (reason === undefined) changes.push(change)
      else problems.push({ key, reason })
    }
  }
  return { changes, kept, problems, moved }
}

/** Keys whose rows are now as they should be. */
export async function settledKeys(
  repairs: Repairs,
  keys: readonly Row[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const held = byKey(repairs, await repairs.target.held(keys, signal))
  const wanted = await repairs.wanted(keys, signal)
  const texts = keys.map(keyText)
  return new Set(
    texts.filter((text) => {
      const [here, there] = [held.get(text), wanted.get(text)]
      if (here === undefined || there === undefined) return here === there
      return repairs.same(normal(repairs, here.row), there.row)
    }),
  )
}

function byKey(repairs: Repairs, held: readonly HeldRow[]): ReadonlyMap<string, HeldRow> {
  return new Map(held.map((one) => [keyText(repairs.keyOf(one.row)), one]))
}

function normal(repairs: Repairs, row: Row): Row {
  return repairs.normal?.(row) ?? row
}

interface Pair {
  readonly here: HeldRow | undefined
  readonly there: WantedRow | undefined
}

/** `undefined`: there is nothing to change any more. */
function changeOf(repairs: Repairs, key: Row, { here, there }: Pair): RowChange | undefined {
  if (there === undefined) return here === undefined ? undefined : { kind: 'delete', key, held: here }
  if (here === undefined) return { kind: 'insert', key, wanted: there.whole }
  const row = normal(repairs, here.row)
  if (repairs.same(row, there.row)) return undefined
  const set = [...there.row.keys()].filter((at) => there.row[at] !== row[at])
  return { kind: 'update', key, wanted: there.whole, set, held: here }
}
