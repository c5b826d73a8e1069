import { fingerprint } from '../../../compare/candidate.js'
import { ConfigError, DataError } from '../../../core/errors.js'
import { failpoint } from '../../../core/failpoint.js'
import type { ChangeOutcome, LeftAlone, RepairOptions, RepairReport, RowChange } from '../../../core/repair.js'
import type { Row } from '../../../core/table.js'
import { type Planned, planChanges, type Repairs, settledKeys, type Wrong } from './plan-changes.js'
import { RepairScript, type ScriptOptions } from './repair-script.js'

/** Rows that are looked at, and changed in one transaction, together. */
const CHUNK = 100
const EXAMPLES = 10

export interface MenderOptions extends Pick<ScriptOptions, 'flow' | 'subject' | 'origin'> {
  readonly repair: RepairOptions
  readonly signal: AbortSignal
  /** Rows that are looked at together for a script. Default 100. */
  readonly chunk?: number
}

/** Turns what was found into a script, or into changes. Holds a key and a fingerprint of each difference, no rows. */
export class Mender {
  readonly #repairs: Repairs
  readonly #options: MenderOptions
  readonly #script: RepairScript | undefined
  readonly #left = new Map<string, number>()
  readonly #failed = new Map<string, number>()
  #wrongs: Wrong[] = []
  #found = 0
  #planned = 0
  #moved = 0

  constructor(repairs: Repairs, options: MenderOptions) {
    this.#repairs = repairs
    this.#options = options
    const { repair } = options
    this.#script =
      repair.mode === 'sql'
        ? new RepairScript(repairs.target, { ...options, write: (text) => repair.write?.(text) })
        : undefined
  }

  /** `seen`: the target's row as it was compared. */
  add(key: Row, seen: Row | undefined): Promise<void> {
    return this.#add({ key, seen: seen && fingerprint(seen) })
  }

  /** Of an earlier run: nobody knows any more how the row was compared. */
  addUnseen(key: Row): Promise<void> {
    return this.#add({ key, seen: undefined, unseen: true })
  }

  /** It is right by now. */
  settled(key: Row): void {
    this.#moved += 1
    this.#script?.comment(`right by now: ${JSON.stringify(key)}`)
  }

  async #add(wrong: Wrong): Promise<void> {
    this.#found += 1
    const { chunk = CHUNK, repair } = this.#options
    if (this.#script === undefined && this.#wrongs.length > repair.maxRepairs) return
    this.#wrongs.push(wrong)
    if (this.#script !== undefined && this.#wrongs.length >= chunk) await this.#write()
  }

  /** What is never repaired, such as references to what is not there. */
  leave(reason: string, key?: Row): void {
    this.#left.set(reason, (this.#left.get(reason) ?? 0) + 1)
    if (key !== undefined) this.#script?.comment(`not repaired: ${JSON.stringify(key)}: ${reason}`)
  }

  async finish(): Promise<RepairReport> {
    if (this.#script === undefined) return this.#apply()
    await this.#write()
    this.#script.end()
    return this.#report({ repaired: 0, applied: false })
  }

  async #write(): Promise<void> {
    const planned = await this.#plan(this.#wrongs)
    this.#wrongs = []
    this.#script?.add(planned)
  }

  async #plan(wrongs: readonly Wrong[]): Promise<Planned> {
    const { repair, signal } = this.#options
    const planned = await planChanges(this.#repairs, wrongs, { delete: repair.delete, print: fingerprint, signal })
    this.#planned += planned.changes.length
    this.#moved += planned.moved.length
    for (const _ of planned.kept) this.leave(KEPT)
    for (const { reason } of planned.problems) this.leave(reason)
    return planned
  }

  async #apply(): Promise<RepairReport> {
    const { repair, flow, signal } = this.#options
    if (this.#found > repair.maxRepairs) throw tooMany(flow, this.#found, repair.maxRepairs)
    if (this.#found === 0) return this.#report({ repaired: 0, applied: false })
    const wrongs = this.#wrongs
    const kinds = { insert: 0, update: 0, delete: 0 }
    const examples: string[] = []
    for (const chunk of chunks(wrongs)) {
      for (const change of (await this.#plan(chunk)).changes) {
        kinds[change.kind] += 1
        if (examples.length < EXAMPLES) examples.push(this.#repairs.target.statement(change))
      }
    }
    const plan = {
      table: this.#repairs.target.label,
      inserts: kinds.insert,
      updates: kinds.update,
      deletes: kinds.delete,
    }
    const goOn = (await repair.confirm?.({ ...plan, examples, left: counted(this.#left) })) ?? false
    if (!goOn || this.#planned === 0) return this.#report({ repaired: 0, applied: false })
    this.#reset()
    const tried: Row[] = []
    for (const chunk of chunks(wrongs)) {
      const { changes } = await this.#plan(chunk)
      tried.push(...changes.map(({ key }) => key))
      await this.#change(changes)
      failpoint('repair:between-batches')
    }
    let repaired = 0
    for (const chunk of chunks(tried)) repaired += (await settledKeys(this.#repairs, chunk, signal)).size
    return this.#report({ repaired, applied: true })
  }

  /** What is planned again is counted again. */
  #reset(): void {
    this.#planned = 0
    this.#moved = 0
    for (const reason of this.#left.keys()) if (reason !== ORPHANS) this.#left.delete(reason)
  }

  async #change(changes: readonly RowChange[]): Promise<void> {
    if (changes.length === 0) return
    for (const outcome of await this.#tried(changes)) {
      if (outcome.kind === 'failed') this.#failed.set(outcome.reason, (this.#failed.get(outcome.reason) ?? 0) + 1)
      else if (outcome.kind === 'stale') this.#moved += 1
    }
  }

  async #tried(changes: readonly RowChange[]): Promise<readonly ChangeOutcome[]> {
    const { target } = this.#repairs
    const { signal } = this.#options
    try {
      return await target.apply(changes, { apart: false, signal })
    } catch (error) {
      if (error instanceof DataError) return await target.apply(changes, { apart: true, signal })
      if (!(error instanceof ConfigError) || error.code !== 'permission-denied') throw error
      const { statements } = target.grants('<role>', new Set(changes.map(({ kind }) => kind)))
      const message = `the flow's role may not make these changes to ${target.label}`
      throw new ConfigError({
        ...error,
        code: error.code,
        key: `flows.${this.#options.flow}`,
        message,
        fix: statements.join(' '),
      })
    }
  }

  #report({ repaired, applied }: Pick<RepairReport, 'repaired' | 'applied'>): RepairReport {
    return {
      mode: this.#options.repair.mode,
      table: this.#repairs.target.label,
      planned: this.#planned,
      repaired,
      changedMeanwhile: this.#moved,
      failed: counted(this.#failed),
      left: counted(this.#left),
      applied,
    }
  }
}

export const UNSTABLE = 'the row is being written all the time'
export const ORPHANS = 'references to a row that is not there are never repaired'
const KEPT = 'only this side has the row, and deleting was not asked for'

function counted(reasons: ReadonlyMap<string, number>): readonly LeftAlone[] {
  return [...reasons].map(([reason, count]) => ({ reason, count }))
}

function* chunks<Item>(items: readonly Item[]): Generator<readonly Item[], void, undefined> {
  for (let start = 0; start < items.length; start += CHUNK) yield items.slice(start, start + CHUNK)
}

function tooMany(flow: string, found: number, most: number): ConfigError {
  return new ConfigError({
    code: 'too-many-repairs',
    key: `flows.${flow}`,
    message: `${found} rows differ, and no more than ${most} are repaired in one run; nothing was changed`,
    fix: `look at them first (--more-info), then give a greater --max-repairs, or read and run what --repair sql writes`,
  })
}
