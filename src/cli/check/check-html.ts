import type { CheckRun, FindingKind } from '../../core/check-store.js'
import type { Difference } from '../../core/difference.js'
import type { CheckReport, ReferenceFinding } from '../../core/flow.js'
import type { TableSchema } from '../../core/table.js'
import type { FindingsWriter } from '../render/check-lines.js'
import { renderCheckPage } from '../render/html/check-html.js'
import { KeySpread } from '../render/html/key-spread.js'

export interface CheckHtmlOptions {
  readonly flow: string
  /** Findings that are listed; all are counted. */
  readonly limit: number
  /** Show the values of rows that differ, and not only their keys. */
  readonly withRows: boolean
  /** Oldest first. */
  readonly earlier: readonly CheckRun[]
  write(text: string): void
}

/** Gathers what the HTML report shows: counts of everything, and the first findings. */
export class CheckHtml implements FindingsWriter {
  readonly #options: CheckHtmlOptions
  readonly #at = new Date().toISOString()
  readonly #byKind = new Map<FindingKind, number>()
  readonly #byColumn = new Map<string, number>()
  readonly #spread = new KeySpread()
  readonly #differences: Difference[] = []
  readonly #findings: ReferenceFinding[] = []
  #columns: readonly string[] = []
  #keyless = false

  constructor(options: CheckHtmlOptions) {
    this.#options = options
  }

  begin({ left }: { readonly left: TableSchema }): void {
    this.#columns = left.columns.map(({ name }) => name)
    this.#keyless = left.key.length === 0
  }

  difference(difference: Difference): void {
    count(this.#byKind, difference.kind)
    if (!this.#keyless) this.#spread.add(difference.key[0])
    if (difference.kind === 'changed') {
      const { left, right } = difference
      this.#columns.forEach((name, index) => {
        if (left[index] !== right[index]) count(this.#byColumn, name)
      })
    }
    if (this.#differences.length < this.#options.limit) this.#differences.push(difference)
  }

  finding(finding: ReferenceFinding): void {
    count(this.#byKind, finding.kind)
    this.#spread.add(finding.key)
    for (const { name, value } of finding.sources) if (value !== '0') count(this.#byColumn, name)
    if (this.#findings.length < this.#options.limit) this.#findings.push(finding)
  }

  end(report: CheckReport): void {
    const { flow, withRows, earlier, write } = this.#options
    const text = renderCheckPage({
      flow,
      report,
      byKind: Object.fromEntries(this.#byKind),
      differences: this.#differences,
      findings: this.#findings,
      withRows,
      spread: this.#spread.spread(),
      byColumn: this.#byColumn,
      earlier,
      at: this.#at,
    })
    write(text)
  }
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
