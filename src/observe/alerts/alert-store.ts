import { ALERT_KINDS, type AlertKind } from '../../core/alert.js'
import { ConfigError, ConflictError } from '../../core/errors.js'
import type { StateStore } from '../../core/state.js'
import { deadline } from '../../engine/deadline.js'
import { type Condition, conditionOf, conditionText } from './condition.js'

const DEADLINE_MS = 5_000

/** What became of a save: another instance may have been first, and what it wrote counts. */
export type Saved = { readonly kind: 'saved' } | { readonly kind: 'other'; readonly condition: Condition | undefined }

/**
 * Keeps what people have been told beyond the process: a checkpoint of a name that no flow can have, a lane for each kind.
 * As it moves by compare-and-set, of several instances one tells. Without a state all of it is forgotten with the process.
 */
export class AlertStore {
  readonly #state: StateStore | undefined
  readonly #name: string
  readonly #known = new Map<string, string>()
  #prepared = false

  constructor(state: StateStore | undefined, flow: string) {
    this.#state = state
    this.#name = `${flow}:alert`
  }

  /** Rejects when the state cannot be read. */
  async load(): Promise<ReadonlyMap<AlertKind, Condition>> {
    const state = this.#state
    if (state === undefined) return new Map()
    const saved = await this.#within(() => state.checkpoints.load(this.#name).catch(nothingYet))
    this.#known.clear()
    for (const [lane, text] of saved) this.#known.set(lane, text)
    return new Map(
      ALERT_KINDS.flatMap((kind) => {
        const condition = conditionOf(saved.get(kind))
        return condition === undefined ? [] : [[kind, condition] as const]
      }),
    )
  }

  /** Rejects when the state cannot be written. */
  async save(kind: AlertKind, condition: Condition | undefined): Promise<Saved> {
    const state = this.#state
    const text = conditionText(condition)
    if (state === undefined || (condition === undefined && !this.#known.has(kind))) return { kind: 'saved' }
    try {
      await this.#within(async (signal) => {
        if (!this.#prepared) await state.prepare(signal)
        this.#prepared = true
        await state.checkpoints.save({ flow: this.#name, lane: kind, position: text, expected: this.#known.get(kind) })
      })
      this.#known.set(kind, text)
      return { kind: 'saved' }
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error
      const saved = await this.load()
      return { kind: 'other', condition: saved.get(kind) }
    }
  }

  #within<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    return deadline({ what: `the state of ${this.#name}`, ms: DEADLINE_MS }, work)
  }
}

/** The state tables are made by the first run. */
function nothingYet(error: unknown): ReadonlyMap<string, string> {
  if (error instanceof ConfigError && error.code === 'table-missing') return new Map()
  throw error
}
