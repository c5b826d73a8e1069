import type { CanonicalTable, Form } from './canonical.js'
import type { GrantList } from './diagnosis.js'
import { ConfigError } from './errors.js'
import type { Row } from './table.js'

export type Side = 'left' | 'right'

/** A column of a side that is to be repaired. */
export interface RepairColumn {
  /** In the table. */
  readonly name: string
  /** In the rows, which may be named after the other side's column. */
  readonly as: string
  /** What the rows compared give; `native`: the database's own text. */
  readonly form: Form | 'native'
  /** What the other side gives its values as: all of each, where `form` may cut. */
  readonly given: Form | 'native'
}

/** A row of the side that is to be repaired, as it is now. */
export interface HeldRow {
  /** In the forms compared. */
  readonly row: Row
  /** All of each value, for the guards, in words of the adapter's own. */
  readonly exact: Row
}

/** A change of one row. It does nothing when the row is not, or no longer, as it was seen. */
export type RowChange =
  | { readonly kind: 'insert'; readonly key: Row; readonly wanted: Row }
  /** Sets the columns at the places `set` only. */
  | {
      readonly kind: 'update'
      readonly key: Row
      readonly wanted: Row
      readonly set: readonly number[]
      readonly held: HeldRow
    }
  | { readonly kind: 'delete'; readonly key: Row; readonly held: HeldRow }

/** `stale`: its guard did not hold. `failed`: the database refused it; names what is in the way, never a value. */
export type ChangeOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'failed'; readonly reason: string }

/** How a script of statements is run, and what it needs around it. */
export interface ScriptFrame {
  /** Comment lines: how to run it. */
  readonly howTo: readonly string[]
  /** Settings under which the statements mean what they say. */
  readonly settings: readonly string[]
  readonly begin: string
  readonly commit: string
}

/** A table whose rows can be set right, one by one. */
export interface RepairTable {
  /** As `Table.label`. */
  readonly label: string
  readonly frame: ScriptFrame
  /** The rows that have one of these keys (in the forms compared) at this moment, both ways of writing from one reading. */
  held(keys: readonly Row[], signal: AbortSignal): Promise<readonly HeldRow[]>
  /** Why this change cannot be made so that exactly the wanted values are there; `undefined` when it can. */
  problem(change: RowChange): string | undefined
  /** The change as one SQL statement that can be run by itself. */
  statement(change: RowChange): string
  /**
   * Makes the changes in one transaction, with parameters. A database that refuses one refuses all (`DataError`), unless
   * they are `apart`: then each stands for itself.
   */
  apply(
    changes: readonly RowChange[],
    options: { readonly apart: boolean; readonly signal: AbortSignal },
  ): Promise<readonly ChangeOutcome[]>
  /** The least rights that these changes take, beside those of the comparison. */
  grants(role: string, kinds: ReadonlySet<RowChange['kind']>): GrantList
}

/** A table in the database's own text that can be opened for repair, as one whose rows are compared so. */
export interface Repairable {
  /** Rows and keys come in the order of `columns` and `key`. */
  repair(columns: readonly string[], key: readonly string[]): RepairTable
}

/** What a table that is compared in canonical form can beside that, when its rows can be set right. */
export interface CanonicalRepair {
  /** The form of this kind that cuts nothing off the values of a column of this table. */
  whole(column: string, form: Form): Form
  /** `key` as in `as`. */
  repair(columns: readonly RepairColumn[], key: readonly string[]): RepairTable
}

export type RepairableTable = CanonicalTable & CanonicalRepair

/** What `check` is to do about what it finds. */
export interface RepairOptions {
  /** `sql`: writes a script. `apply`: changes the rows itself, once `confirm` said so. */
  readonly mode: 'sql' | 'apply'
  /** The side that is changed. Of a check of references it is the master, and left out. */
  readonly side?: Side
  /** Rows that only this side has are deleted. Default: they are only listed. */
  readonly delete: boolean
  /** `apply`: more changes than this are refused as a whole. */
  readonly maxRepairs: number
  /** `sql`: a line of the script, or some. */
  write?(text: string): void
  /** `apply`: whether to go on, once it is known what would be changed. */
  confirm?(plan: RepairPlan): Promise<boolean>
}

export interface RepairPlan {
  /** Label of the table that is changed. */
  readonly table: string
  readonly inserts: number
  readonly updates: number
  readonly deletes: number
  /** Some of the statements, as they would be in a script. */
  readonly examples: readonly string[]
  /** What is left as it is, by reason. */
  readonly left: readonly LeftAlone[]
}

/** Differences that are not repaired. */
export interface LeftAlone {
  readonly reason: string
  readonly count: number
}

export interface RepairReport {
  readonly mode: 'sql' | 'apply'
  readonly table: string
  /** Changes that were written to the script, or were to be made. */
  readonly planned: number
  /** `apply`: the rows that are now equal. */
  readonly repaired: number
  /** Rows that changed after they were compared: left alone. */
  readonly changedMeanwhile: number
  /** Refused by the database, by reason. */
  readonly failed: readonly LeftAlone[]
  /** Not tried, by reason. */
  readonly left: readonly LeftAlone[]
  /** `false`: it was not confirmed, or there was more than `maxRepairs`; nothing was changed. */
  readonly applied: boolean
}

/** For a query, a table without a key, and whatever else has no rows that could be set right one by one. */
export function notRepairable(label: string): ConfigError {
  return new ConfigError({
    code: 'repair-unsupported',
    key: '--repair',
    message: `${label} cannot be repaired: it is a query, has no key, or is of a database without repair`,
    fix: 'repair the other side (--side), or compare the tables themselves by their key',
  })
}
