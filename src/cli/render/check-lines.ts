import type { Difference } from '../../core/difference.js'
import type { CheckReport, ReferenceFinding } from '../../core/flow.js'
import type { TableSchema } from '../../core/table.js'
import { toJson } from '../json.js'

import { renderJunit } from './junit.js'
import { spreadsheetLine } from './spreadsheet-line.js'

export const LINE_FORMATS = ['ndjson', 'csv', 'junit'] as const
export type LineFormat = (typeof LINE_FORMATS)[number]

/** Is told of everything that is found, and of the report. */
export interface FindingsWriter {
  begin(schemas: { readonly left: TableSchema }): void
  difference(difference: Difference): void
  finding(finding: ReferenceFinding): void
  end(report: CheckReport): void
}

/** A check for machines, written while it runs. Keys and names of columns are written, cells are not. */
export class CheckLines implements FindingsWriter {
  readonly #format: LineFormat
  readonly #flow: string
  readonly #write: (line: string) => void
  readonly #orphans = new Map<string, number>()
  #columns: readonly string[] = []
  /** The key of a row is the row itself, in a table that has none. */
  #keyless = false

  constructor(format: LineFormat, flow: string, write: (line: string) => void) {
    this.#format = format
    this.#flow = flow
    this.#write = write
    // RFC 4180 ends lines with CR LF; the LF is the writer's.
    if (format === 'csv')
      write(`${spreadsheetLine(['flow', 'kind', 'key', 'expected', 'stored', 'sources', 'columns'])}\r`)
  }

  begin({ left }: { readonly left: TableSchema }): void {
    this.#columns = left.columns.map(({ name }) => name)
    this.#keyless = left.key.length === 0
  }

  difference(difference: Difference): void {
    const { kind } = difference
    const key = this.#keyless ? [] : difference.key
    const columns = 'left' in difference && 'right' in difference ? this.#differing(difference) : []
    if (this.#format === 'ndjson') this.#write(toJson({ type: 'finding', flow: this.#flow, kind, key, columns }))
    if (this.#format !== 'csv') return
    const text = key.length === 1 ? key[0] : JSON.stringify(key)
    this.#write(`${spreadsheetLine([this.#flow, kind, text, '', '', '', columns.join(' ')])}\r`)
  }

  finding({ kind, key, expected, stored, sources }: ReferenceFinding): void {
    const bySource = sources.map(({ name, value }) => ({ name, value }))
    if (this.#format === 'ndjson') {
      this.#write(toJson({ type: 'finding', flow: this.#flow, kind, key, expected, stored, sources: bySource }))
    }
    if (this.#format === 'csv') {
      const counted = bySource.map(({ name, value }) => `${name}=${value ?? 'NULL'}`).join(' ')
      this.#write(`${spreadsheetLine([this.#flow, kind, key, expected, stored, counted, ''])}\r`)
    }
    if (kind === 'orphan') {
      for (const { name } of sources) this.#orphans.set(name, (this.#orphans.get(name) ?? 0) + 1)
    }
  }

  end(report: CheckReport): void {
    if (this.#format === 'ndjson') this.#write(toJson({ type: 'summary', flow: this.#flow, ...report }))
    if (this.#format === 'junit') this.#write(renderJunit(this.#flow, report, this.#orphans))
  }

  #differing({ left, right }: Extract<Difference, { readonly left: unknown; readonly right: unknown }>): string[] {
    if (left === undefined || right === undefined) return []
    return this.#columns.filter((_, index) => left[index] !== right[index])
  }
}
