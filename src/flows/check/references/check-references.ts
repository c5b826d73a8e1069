import { UnavailableError } from '../../../core/errors.js'
import type { CheckOptions, FlowContext, ReferenceFinding, ReferencesReport } from '../../../core/flow.js'
import { Patience } from '../patience.js'
import type { StoredMender } from '../repair/stored-mender.js'
import { Cursor } from './cursor.js'
import { comparatorOf } from './key-order.js'
import { Merge } from './merge.js'
import { type Opened, type Place, withSnapshots } from './opened.js'
import { SecondLook } from './second-look.js'

export interface CheckReferencesOptions extends CheckOptions {
  readonly of: ReferencesReport['of']
  readonly settleMs: number
  readonly maxSnapshotMs: number
  /** How long to keep trying while a database cannot be reached, in ms. Default 60,000. */
  readonly patienceMs?: number
  /** Is given the stored numbers that are wrong, where they are to be repaired. */
  readonly mender?: StoredMender
}

/**
 * Recounts all references and tells the verdict, as a report and as a `verdict` event. After a lost connection it goes on
 * from the key where it was, in new snapshots; when that goes on for `patienceMs`, or the run is asked to end, the verdict
 * is `unverified`.
 */
export async function checkReferences(
  opened: Opened,
  context: FlowContext,
  options: CheckReferencesOptions,
): Promise<ReferencesReport> {
  const check = new Check(opened, context, options)
  return check.run()
}

class Check {
  readonly #opened: Opened
  readonly #context: FlowContext
  readonly #options: CheckReferencesOptions
  readonly #signal: AbortSignal
  readonly #places: readonly Place[]
  readonly #byKind = { mismatch: 0, unreferenced: 0, orphan: 0, unstable: 0 }
  /** Groups looked at, by place. */
  readonly #groups: number[]
  #total = 0
  #snapshotMs = 0
  #last: string | undefined

  constructor(opened: Opened, context: FlowContext, options: CheckReferencesOptions) {
    this.#opened = opened
    this.#context = context
    this.#options = options
    this.#signal = AbortSignal.any([context.drain, context.abort])
    this.#places = [opened.master, ...opened.references]
    this.#groups = this.#places.map(() => 0)
  }

  async run(): Promise<ReferencesReport> {
    const startedAt = performance.now()
    const { settleMs, patienceMs } = this.#options
    const second = new SecondLook({
      opened: this.#opened,
      context: this.#context,
      signal: this.#signal,
      settleMs,
      patienceMs,
      check: this.#options,
      report: (finding) => this.#report(finding),
    })
    const complete = await this.#readPatiently(second)
    await second.finish()
    const report = this.#reportOf(complete && second.complete && !this.#signal.aborted, startedAt)
    tell(this.#context, report)
    const { mender } = this.#options
    return report.verdict === 'unverified' || mender === undefined ? report : mender.finish(report)
  }

  /** `false`: it was not read to its end. */
  async #readPatiently(second: SecondLook): Promise<boolean> {
    const patience = new Patience(this.#context, this.#signal, this.#options.patienceMs)
    for (;;) {
      const before = this.#last
      try {
        if (await this.#pass(second)) {
          patience.renew()
          return true
        }
      } catch (error) {
        if (this.#signal.aborted) return false
        if (!(error instanceof UnavailableError)) throw error
        // It got further, so all of them had answered.
        if (this.#last !== before) patience.renew()
        if (!(await patience.wait(error))) return false
      }
      if (this.#signal.aborted) return false
    }
  }

  /** Reads on from the last key; `true` at the end, `false` when the snapshots have become too old. */
  async #pass(second: SecondLook): Promise<boolean> {
    const over = new AbortController()
    const signal = AbortSignal.any([this.#signal, over.signal])
    const since = performance.now()
    try {
      return await withSnapshots(this.#opened, { use: 'whole', signal: this.#signal }, async (snapshotOf) => {
        const compare = comparatorOf(this.#opened.master.info.order)
        const [master, ...references] = this.#places.map((place) => {
          const groups = snapshotOf(place).groups(place.column, this.#last, signal)
          return new Cursor(place.info.label, groups, compare)
        })
        if (master === undefined) throw new RangeError('a check of references without a master')
        const { rule, none } = this.#opened
        const merge = new Merge({ master, references, compare, rule, none, stop: () => over.abort() })
        try {
          for await (const found of merge.read()) {
            this.#last = merge.last ?? this.#last
            this.#tellProgress(master)
            await second.add(found)
            if (performance.now() - since > this.#options.maxSnapshotMs) return false
          }
          return true
        } finally {
          this.#count([master, ...references], merge)
        }
      })
    } finally {
      this.#snapshotMs = Math.max(this.#snapshotMs, performance.now() - since)
    }
  }

  /** Once per batch of keys. */
  #tellProgress(master: Cursor): void {
    const { estimatedRows } = this.#opened.master.info
    const done = (this.#groups[0] ?? 0) + master.passed
    const of = estimatedRows > 0 ? Math.max(done, Math.round(estimatedRows)) : undefined
    this.#options.progress?.({ phase: 'count', done, of })
  }

  #count(cursors: readonly Cursor[], merge: Merge): void {
    this.#total += merge.total
    for (const [index, cursor] of cursors.entries()) this.#groups[index] = (this.#groups[index] ?? 0) + cursor.passed
  }

  #report(finding: ReferenceFinding): void {
    this.#byKind[finding.kind] += 1
    this.#options.finding?.(finding)
    this.#options.mender?.add(finding)
  }

  #reportOf(complete: boolean, startedAt: number): ReferencesReport {
    const { mismatch, unreferenced, orphan, unstable } = this.#byKind
    const wrong = mismatch + unreferenced + orphan > 0
    const [rows = 0, ...keys] = this.#groups
    const { master, references, rule } = this.#opened
    return {
      kind: 'references',
      verdict: !complete ? 'unverified' : wrong ? 'different' : unstable > 0 ? 'unverified' : 'same',
      of: this.#options.of,
      master: { label: master.info.label, key: master.info.rowKey.join(', '), rows },
      references: references.map(({ info: { label, name } }, index) => ({ label, name, keys: keys[index] ?? 0 })),
      total: rule.adds ? this.#total : undefined,
      ...this.#byKind,
      snapshotMs: this.#snapshotMs,
      durationMs: performance.now() - startedAt,
    }
  }
}

function tell(context: FlowContext, report: ReferencesReport): void {
  const { mismatch, unreferenced, orphan, unstable, master, snapshotMs, durationMs } = report
  const figures = {
    mismatch,
    unreferenced,
    orphan,
    unstable,
    rows: master.rows,
    snapshotMs: Math.round(snapshotMs),
    durationMs: Math.round(durationMs),
  }
  const detail =
    report.verdict === 'same'
      ? `${master.rows} stored numbers are right`
      : `${mismatch} wrong, ${unreferenced} that nothing refers to, ${orphan} missing, ${unstable} unstable`
  context.observer({ flow: context.name, type: 'verdict', verdict: report.verdict, detail, figures })
}
