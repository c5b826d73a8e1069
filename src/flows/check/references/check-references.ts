import { z } from 'zod'
import { UnavailableError } from '../../../core/errors.js'
import type { CheckOptions, FlowContext, ReferenceFinding, ReferencesReport } from '../../../core/flow.js'
import type { Resumed } from '../../../core/resumed.js'
import { ALTERED, asSchemaChange, schemaChanged } from '../altered.js'
import { Patience } from '../patience.js'
import type { StoredMender } from '../repair/stored-mender.js'
import { KeptCheck } from '../resume/kept-check.js'
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
  /** Everything in the config that decides what is counted, as JSON. */
  readonly shape: unknown
  /** Looks at all columns once more, when all is read: a table may have been altered. Throws `UnavailableError` when it cannot. */
  readonly reopen: () => Promise<Opened>
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
  const shape = { places: typesOf(opened), config: options.shape }
  const kept = await KeptCheck.open(context, { shape, done: ReferencesDone, check: options })
  const check = new Check({ opened, kept }, context, options)
  return check.run()
}

/** What is kept: all keys up to `last` have been judged. */
const ReferencesDone = z.object({
  last: z.string(),
  groups: z.array(z.number()),
  total: z.number(),
  found: z.object({ mismatch: z.int(), unreferenced: z.int(), orphan: z.int(), unstable: z.int() }),
})
type ReferencesDone = z.infer<typeof ReferencesDone>

const NOTHING: ReferencesDone['found'] = { mismatch: 0, unreferenced: 0, orphan: 0, unstable: 0 }
/** Between two marks, in ms: each makes a chunk of its own of what is to be looked at again. */
const MARK_MS = 3_000

/** Each column that is read, with its types. */
function typesOf({ master, references }: Opened): readonly string[] {
  return [master, ...references].map(({ info: { label, types } }) => `${label} (${types.join(', ')})`)
}

function resumedOf({ done: { found }, at }: { readonly done: ReferencesDone; readonly at: string }): Resumed {
  return { savedAt: at, findings: Object.values(found).reduce((sum, one) => sum + one, 0) }
}

class Check {
  readonly #opened: Opened
  readonly #context: FlowContext
  readonly #options: CheckReferencesOptions
  readonly #signal: AbortSignal
  readonly #places: readonly Place[]
  readonly #kept: KeptCheck<ReferencesDone>
  readonly #byKind: ReferencesDone['found']
  /** Groups looked at, by place. */
  readonly #groups: number[]
  #total: number
  #snapshotMs = 0
  #last: string | undefined
  #markedMs = Number.NEGATIVE_INFINITY

  constructor(
    { opened, kept }: { readonly opened: Opened; readonly kept: KeptCheck<ReferencesDone> },
    context: FlowContext,
    options: CheckReferencesOptions,
  ) {
    this.#opened = opened
    this.#kept = kept
    this.#context = context
    this.#options = options
    this.#signal = AbortSignal.any([context.drain, context.abort])
    this.#places = [opened.master, ...opened.references]
    const done = kept.resumed?.done
    this.#groups = this.#places.map((_, index) => done?.groups[index] ?? 0)
    this.#byKind = { ...(done?.found ?? NOTHING) }
    this.#total = done?.total ?? 0
    this.#last = done?.last
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
    const read = await this.#readPatiently(second)
    await second.finish()
    const judged = read && second.complete && !this.#signal.aborted
    const complete = judged && (await this.#isUnaltered())
    await (complete ? this.#kept.end(undefined) : this.#kept.flush())
    const report = this.#reportOf(complete, startedAt)
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
        if (!(error instanceof UnavailableError)) throw asSchemaChange(error, this.#context.name)
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
            await this.#mark(second, { cursors: [master, ...references], merge })
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

  /** Now and then: what is done up to this key is kept, once all that differed up to it has been judged. */
  async #mark(second: SecondLook, { cursors, merge }: { cursors: readonly Cursor[]; merge: Merge }): Promise<void> {
    if (this.#context.state === undefined || performance.now() - this.#markedMs < MARK_MS) return
    this.#markedMs = performance.now()
    const done = {
      last: this.#last ?? '',
      groups: this.#groups.map((groups, index) => groups + (cursors[index]?.passed ?? 0)),
      total: this.#total + merge.total,
    }
    await second.mark(() => this.#kept.save({ ...done, found: { ...this.#byKind } }))
  }

  async #isUnaltered(): Promise<boolean> {
    const { name } = this.#context
    try {
      const [before, after] = [typesOf(this.#opened), typesOf(await this.#options.reopen())]
      const changed = before.filter((types, index) => types !== after[index])
      if (changed.length > 0) throw schemaChanged(name, `it was ${changed.join('; ')}`)
      return true
    } catch (error) {
      if (error instanceof UnavailableError) return false
      throw asSchemaChange(error, name, ALTERED)
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
      ...(this.#kept.resumed === undefined ? {} : { resumed: resumedOf(this.#kept.resumed) }),
      ...(complete || !this.#kept.kept ? {} : { resumable: true }),
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
