import { UnavailableError } from '../../../core/errors.js'
import type { FlowContext } from '../../../core/flow.js'
import type { GroupRange } from '../../../core/groups.js'
import type { SharedSnapshot } from '../../../core/key-range.js'
import type { ProgressListener } from '../../../core/progress.js'
import { type Watched, whileAnswering } from '../../../engine/while-answering.js'
import { asSchemaChange } from '../altered.js'
import { Patience } from '../patience.js'
import type { CountingFigures, CountingOptions } from './counting.js'
import { Cursor } from './cursor.js'
import { comparatorOf } from './key-order.js'
import { Merge } from './merge.js'
import { type Opened, type Place, withSnapshots } from './opened.js'
import type { SecondLook } from './second-look.js'

export interface RecountOptions extends Watched, Pick<CountingOptions, 'maxSnapshotMs' | 'patienceMs'> {
  readonly opened: Opened
  readonly context: Pick<FlowContext, 'name' | 'observer'>
  readonly signal: AbortSignal
  readonly range: GroupRange
  /** Of what was done before. */
  readonly done?: Pick<CountingFigures, 'groups' | 'total'> | undefined
  /** Moments that somebody holds, by reader; the first snapshots are of these. */
  readonly held?: readonly (SharedSnapshot | undefined)[]
  /** Called where the first snapshots had become too old, and others are taken. */
  readonly renewed?: () => void
  readonly progress?: ProgressListener | undefined
}

interface PassOptions {
  readonly mark: ((done: () => RecountMark) => Promise<void>) | undefined
  readonly within: AbortSignal
}

/** All keys up to `last` were read, and what differs was given to the second look. */
export interface RecountMark extends Pick<CountingFigures, 'groups' | 'total'> {
  readonly last: string
}

/**
 * Reads the groups of all columns in a range of keys, and gives what seems wrong to the second look. After a lost connection it
 * goes on from the key where it was, in new snapshots.
 */
export class Recount {
  snapshotMs = 0
  /** Why it was given up. */
  lost: UnavailableError | undefined
  readonly #options: RecountOptions
  readonly #places: readonly Place[]
  readonly #groups: number[]
  #total: number
  #last: string | undefined
  #passes = 0

  constructor(options: RecountOptions) {
    const { opened, range, done } = options
    this.#options = options
    this.#places = [opened.master, ...opened.references]
    this.#groups = this.#places.map((_, index) => done?.groups[index] ?? 0)
    this.#total = done?.total ?? 0
    this.#last = range.after
  }

  get figures(): CountingFigures {
    return { groups: this.#groups, total: this.#total, snapshotMs: this.snapshotMs }
  }

  /** `false`: it was not read to its end. `mark` is called batch by batch. */
  async read(second: SecondLook, mark?: (done: () => RecountMark) => Promise<void>): Promise<boolean> {
    const { context, signal, patienceMs } = this.#options
    const patience = new Patience(context, signal, patienceMs)
    for (;;) {
      const before = this.#last
      try {
        const pass = (within: AbortSignal): Promise<boolean> => this.#pass(second, { mark, within })
        if (await whileAnswering(this.#options, signal, pass)) {
          patience.renew()
          return true
        }
      } catch (error) {
        if (signal.aborted) return false
        if (!(error instanceof UnavailableError)) throw asSchemaChange(error, context.name)
        // It got further, so all of them had answered.
        if (this.#last !== before) patience.renew()
        this.lost = error
        if (!(await patience.wait(error))) return false
      }
      if (signal.aborted) return false
    }
  }

  /** Reads on from the last key; `true` at the end, `false` when the snapshots have become too old. */
  async #pass(second: SecondLook, { mark, within }: PassOptions): Promise<boolean> {
    const { opened, range, maxSnapshotMs } = this.#options
    const over = new AbortController()
    const signal = AbortSignal.any([within, over.signal])
    const since = performance.now()
    try {
      return await withSnapshots(opened, this.#snapshots(within), async (snapshotOf) => {
        const compare = comparatorOf(opened.master.info.order)
        const [master, ...references] = this.#places.map((place) => {
          const groups = snapshotOf(place).groups(place.column, { after: this.#last, upTo: range.upTo }, signal)
          return new Cursor(place.info.label, groups, compare)
        })
        if (master === undefined) throw new RangeError('a check of references without a master')
        const { rule, none } = opened
        const merge = new Merge({ master, references, compare, rule, none, stop: () => over.abort() })
        const cursors = [master, ...references]
        try {
          for await (const found of merge.read()) {
            this.#last = merge.last ?? this.#last
            this.#tellProgress(master)
            await second.add(found)
            await mark?.(() => this.#markOf(cursors, merge))
            if (performance.now() - since > maxSnapshotMs) return false
          }
          return true
        } finally {
          this.#count(cursors, merge)
        }
      })
    } finally {
      this.snapshotMs = Math.max(this.snapshotMs, performance.now() - since)
    }
  }

  #snapshots(signal: AbortSignal): Parameters<typeof withSnapshots>[1] {
    const { held, renewed } = this.#options
    this.#passes += 1
    if (this.#passes > 1) renewed?.()
    return { use: 'whole', signal, ...(held === undefined || this.#passes > 1 ? {} : { held }) }
  }

  /** Once per batch of keys. */
  #tellProgress(master: Cursor): void {
    const { estimatedRows } = this.#options.opened.master.info
    const done = (this.#groups[0] ?? 0) + master.passed
    const of = estimatedRows > 0 ? Math.max(done, Math.round(estimatedRows)) : undefined
    this.#options.progress?.({ phase: 'count', done, of })
  }

  #markOf(cursors: readonly Cursor[], merge: Merge): RecountMark {
    return {
      last: this.#last ?? '',
      groups: this.#groups.map((groups, index) => groups + (cursors[index]?.passed ?? 0)),
      total: this.#total + merge.total,
    }
  }

  #count(cursors: readonly Cursor[], merge: Merge): void {
    this.#total += merge.total
    for (const [index, cursor] of cursors.entries()) this.#groups[index] = (this.#groups[index] ?? 0) + cursor.passed
  }
}
