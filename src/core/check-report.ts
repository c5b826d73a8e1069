import type { RepairReport } from './repair.js'
import type { Resumed } from './resumed.js'
import type { Row } from './table.js'

/** A share of the key space: the same rows on both sides, and the same ones in every run with this seed. */
export interface Sample {
  /** More than 0, less than 1: 0.01 is one row in a hundred. */
  readonly share: number
  /** Which of the shares: 0, 1, 2, ... are other rows each, until all have been had. Default 0. */
  readonly seed?: number
}

export type CheckReport = TablesReport | ReferencesReport

/** What a comparison of two tables found. */
export interface TablesReport {
  readonly kind: 'tables'
  readonly verdict: 'same' | 'different' | 'unverified'
  /** Label of each side. */
  readonly left: string
  readonly right: string
  readonly columns: readonly string[]
  readonly keyColumns: readonly string[]
  readonly rows: { readonly left: bigint; readonly right: bigint }
  readonly missingLeft: number
  readonly missingRight: number
  readonly changed: number
  readonly unstable: number
  /** Of tables without a key: different rows of which the sides have not as many copies. Left out for other tables. */
  readonly copies?: number
  /** Only this share was compared: `rows` and the verdict are of it. Left out when all was. */
  readonly sample?: Required<Sample>
  /** Rows sent over the network, both sides together. */
  readonly fetchedRows: number
  readonly durationMs: number
  /** What the comparison left out because one side cannot hold it, such as microseconds; a sentence each. */
  readonly notes?: readonly string[]
  /** How its ranges were shared out among workers. Left out where one process did it all. */
  readonly distributed?: Distributed
  /** It went on with a run that had been interrupted. */
  readonly resumed?: Resumed
  /** It was interrupted, and a run that is asked to `resume` goes on from there. */
  readonly resumable?: true
  /** What was done about it, where it was asked for. */
  readonly repair?: RepairReport
}

/** How the ranges of a check were shared out. */
export interface Distributed {
  readonly ranges: number
  /** `hash`: each range was a pass over the whole table, as the order of the key is not the same everywhere. */
  readonly by: 'key' | 'hash'
  /** Processes that did some of them. */
  readonly workers: number
  /** Ranges that were read at moments of their own, not in the snapshots that the coordinator held. */
  readonly ownMoments: number
}

/** What a comparison of stored numbers with recounted ones found. */
export interface ReferencesReport {
  readonly kind: 'references'
  readonly verdict: 'same' | 'different' | 'unverified'
  /** `of: sum('bytes')` is `sum`. */
  readonly of: 'count' | 'sum' | 'max' | 'min'
  readonly master: { readonly label: string; readonly key: string; readonly rows: number }
  /** Columns that refer to it, in the order of the config. `keys`: different ones found there. */
  readonly references: readonly { readonly label: string; readonly name: string; readonly keys: number }[]
  /** Of all columns together: how many references there are, or their sum; `undefined` for a greatest or least value. */
  readonly total: number | undefined
  /** The stored number is not what its references come to. */
  readonly mismatch: number
  /** A number is stored and nothing refers to the row. */
  readonly unreferenced: number
  /** Something refers to a row that is not there. */
  readonly orphan: number
  /** Changed between all looks, not judged. */
  readonly unstable: number
  /** Age of the oldest snapshot when it was given back, in ms: so long the servers kept old rows for it. */
  readonly snapshotMs: number
  readonly durationMs: number
  /** How its ranges were shared out among workers. Left out where one process did it all. */
  readonly distributed?: Distributed
  /** It went on with a run that had been interrupted. */
  readonly resumed?: Resumed
  /** It was interrupted, and a run that is asked to `resume` goes on from there. */
  readonly resumable?: true
  /** What was done about it, where it was asked for. */
  readonly repair?: RepairReport
}

/** One key whose stored number is wrong. Two looks with some time between them saw just this. */
export interface ReferenceFinding {
  readonly kind: 'mismatch' | 'unreferenced' | 'orphan' | 'unstable'
  readonly key: string
  /** What its references come to. */
  readonly expected: string | null
  /** What the master row holds; `undefined`: there is no such row. */
  readonly stored: string | null | undefined
  /** Columns that refer to the key. `rows` where details were asked for: those that have it, some of them. */
  readonly sources: readonly ReferenceSource[]
}

export interface ReferenceSource {
  /** `public.message_data.body` */
  readonly name: string
  readonly value: string | null
  /** What identifies a row there, and its values for some rows, at most as many as asked for. */
  readonly rowKey: readonly string[]
  readonly rows?: readonly Row[]
}
