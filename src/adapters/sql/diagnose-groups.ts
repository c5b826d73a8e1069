import type { Diagnosis } from '../../core/diagnosis.js'
import { type GroupColumn, type KeyOrder, LOOKUP_KEYS } from '../../core/groups.js'
import { type ReadCost, SMALL_ROWS } from '../../core/index-advice.js'

/** An index that would bring the groups of a column in order, with all that is read of each row. */
export interface WantedIndex {
  readonly columns: readonly string[]
  readonly statement: string
  readonly sizeBytes: number | undefined
  /** Counting all groups by it, and looking some up. */
  readonly count: ReadCost
  readonly look: ReadCost
}

/** What it takes to read the groups of a column, as plans and catalogs have it. */
export interface GroupReads {
  readonly column: GroupColumn
  /** Counting all groups, and looking some up, as it is now. */
  readonly count: ReadCost
  readonly look: ReadCost
  /** Looking keys up reads the whole table. */
  readonly looksAtAll: boolean
  /** `undefined`: there is nothing to gain by one. */
  readonly wanted: WantedIndex | undefined
  /** Why no index brings the keys in order; of columns that are sorted. */
  readonly unordered?: string
  /** What else would help, with the index. */
  readonly note?: string
}

/** What `doctor` says of the column. */
export function diagnoseGroups(reads: GroupReads): Diagnosis {
  const { column, wanted } = reads
  const subject = column.label
  const rows = `about ${countText(column.estimatedRows)} rows`
  if (column.estimatedRows < SMALL_ROWS) {
    const few = column.indexed ? '' : `: ${rows}, few enough to be sorted without an index`
    return { level: 'ok', subject, message: `can be counted${few}` }
  }
  if (wanted === undefined) return { level: 'ok', subject, message: withoutAdvice(reads, rows) }
  const index = {
    columns: wanted.columns,
    statement: wanted.statement,
    ...(wanted.sizeBytes === undefined ? {} : { sizeBytes: wanted.sizeBytes }),
    reads: [
      ...(reads.unordered === undefined ? [{ what: 'counting all keys', now: reads.count, after: wanted.count }] : []),
      { what: `looking at ${countText(LOOKUP_KEYS)} keys that seem wrong`, now: reads.look, after: wanted.look },
    ],
  }
  const note = reads.note === undefined ? '' : `; ${reads.note}`
  const message = `${slowness(reads, wanted, rows)}${note}`
  return { level: 'warn', subject, message, fix: wanted.statement, index }
}

function slowness({ column, unordered, looksAtAll }: GroupReads, { columns }: WantedIndex, rows: string): string {
  const [name = '', ...others] = columns
  if (unordered !== undefined) {
    return `no index begins with ${name}: each look at keys that seem wrong reads all of ${rows}`
  }
  if (column.indexed) {
    return `the index on ${name} does not hold ${others.join(', ')}, so each of ${rows} is fetched one by one`
  }
  const again = looksAtAll ? ', and read again for each look at keys that seem wrong' : ''
  return `no index brings ${name} in order: all of ${rows} are sorted in one statement${again}`
}

function withoutAdvice({ column, unordered }: GroupReads, rows: string): string {
  if (column.indexed) return `can be counted: an index brings the keys of ${rows} in order`
  const reason = unordered === undefined ? '' : `, as ${unordered}`
  return `can be counted: ${rows} are sorted in one statement, and no index would spare that${reason}`
}

/** As many keys as are looked up at once. Which they are, makes no difference to how a server would look for them. */
export function someKeys(order: KeyOrder): readonly string[] {
  return Array.from({ length: LOOKUP_KEYS }, (_, at) => {
    const digits = String(at + 1)
    if (order === 'uuid') return `00000000-0000-4000-8000-${digits.padStart(12, '0')}`
    return order === 'bytes' ? digits.padStart(8, '0') : digits
  })
}

/** `1,234,567`; more than a thousand in round numbers, as it is an estimate. */
export function countText(rows: number): string {
  const digits = Math.max(0, Math.floor(Math.log10(Math.max(rows, 1))) - 2)
  const unit = 10 ** digits
  return (Math.round(rows / unit) * unit).toLocaleString('en-US', { maximumFractionDigits: 0 })
}
