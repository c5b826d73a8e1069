import type { Diagnosis } from '../../core/diagnosis.js'
import { type AdvisedRead, SMALL_ROWS } from '../../core/index-advice.js'
import { countText } from './diagnose-groups.js'

/** An index that would spare reading all of a table. */
export interface SparingIndex extends Omit<AdvisedRead, 'what'> {
  readonly column: string
  readonly statement: string
  readonly sizeBytes?: number
}

/** What it takes to read a table, as plans and catalogs have it. */
export interface TableReads {
  readonly subject: string
  readonly rows: number
  /** By which an increment finds what is newer. `missing`: no index begins with it. */
  readonly since?: { readonly column: string; readonly missing?: SparingIndex }
  /** Of a filter that keeps few of the rows, while all are read: how many; and an index, where one is sure to serve it. */
  readonly filter?: { readonly kept: number; readonly missing?: SparingIndex }
}

/** What `doctor` says of it. */
export function diagnoseReads(reads: TableReads): readonly Diagnosis[] {
  const { subject, rows, since, filter } = reads
  if (rows < SMALL_ROWS) return []
  const all = `about ${countText(rows)} rows`
  const found: Diagnosis[] = []
  if (since?.missing !== undefined) {
    const message = `no index begins with ${since.column}: each increment reads all of ${all} to find the newer ones`
    found.push(advised(subject, message, { ...since.missing, what: 'finding what is newer' }))
  } else if (since !== undefined) {
    found.push({ level: 'ok', subject, message: `increments find the newer of ${all} by an index on ${since.column}` })
  }
  if (filter?.missing !== undefined) {
    const message = `the filter keeps about ${countText(filter.kept)} of ${all}, and each pass reads them all`
    found.push(advised(subject, message, { ...filter.missing, what: 'one pass over the rows of the filter' }))
  } else if (filter !== undefined) {
    const message = `the filter keeps about ${countText(filter.kept)} of ${all}, and each pass reads them all; an index that serves it would spare that`
    found.push({ level: 'ok', subject, message })
  }
  const whole = `all of ${all} are read in one scan; no index would make that faster`
  return found.length > 0 ? found : [{ level: 'ok', subject, message: whole }]
}

function advised(subject: string, message: string, missing: SparingIndex & { readonly what: string }): Diagnosis {
  const { column, statement, sizeBytes, what, now, after } = missing
  const size = sizeBytes === undefined ? {} : { sizeBytes }
  const index = { columns: [column], statement, ...size, reads: [{ what, now, after }] }
  return { level: 'warn', subject, message, fix: statement, index }
}
