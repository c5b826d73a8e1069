import type { DeadLetter, DeadLetterSink, DeadLetterStore, StoredLetter } from '../../core/dead-letter.js'
import { UnavailableError } from '../../core/errors.js'
import type { FlowContext } from '../../core/flow.js'
import type { Observer } from '../../core/observer.js'
import { deadline } from '../../engine/deadline.js'
import { pause } from '../../engine/retry.js'
import { SystemicError } from '../../engine/systemic-error.js'

/** After a batch was stored, what it may have been waited for. */
const SOON_MS = 250
/** A pass over many letters is followed by a pause so many times as long. */
const REST_FACTOR = 4
const PAGE_LETTERS = 50
const STORE_DEADLINE_MS = 15_000

export interface Holding {
  readonly store: DeadLetterStore
  readonly holdRetryMs: number
  readonly holdMs: number
  /** Tries all held letters once; answers how many were tried, and how many of them are stored now. */
  attempt(context: FlowContext): Promise<Tried>
}

interface Tried {
  readonly letters: number
  readonly replayed: number
}

/** Tries held letters again, beside the main line of a flow and never in its way. */
export class HeldLetters {
  readonly #holding: Holding
  #wake = new AbortController()
  /** There may be held letters: another instance, or a run before, may have left some. */
  #any = true

  constructor(holding: Holding) {
    this.#holding = holding
  }

  /** The same place for letters; through it this object learns of those that are held. */
  get sink(): DeadLetterSink {
    const { store } = this.#holding
    return {
      label: store.label,
      store: async (letters) => {
        await store.store(letters)
        if (!letters.some(({ held }) => held)) return
        this.#any = true
        // Its parent may have been stored by another lane in the meantime.
        this.#wake.abort()
      },
    }
  }

  /** Something was stored: what waits for it may go on. */
  stored(): void {
    this.#wake.abort()
  }

  /** Resolves once `drain` or `abort` has aborted. */
  async run(context: FlowContext): Promise<void> {
    const leaving = AbortSignal.any([context.drain, context.abort])
    while (!leaving.aborted) {
      // What is stored during the pass wakes the next one.
      this.#wake = new AbortController()
      const startedAt = performance.now()
      await this.#pass(context)
      await pause(Math.max(SOON_MS, REST_FACTOR * (performance.now() - startedAt)), leaving)
      await this.#until(startedAt + this.#holding.holdRetryMs, leaving)
    }
  }

  /** Waits for a time, but no longer than until something was stored while there are held letters. */
  async #until(dueAt: number, leaving: AbortSignal): Promise<void> {
    for (let ms = dueAt - performance.now(); ms > 0 && !leaving.aborted; ms = dueAt - performance.now()) {
      if (this.#wake.signal.aborted) {
        if (this.#any) return
        this.#wake = new AbortController()
      }
      await pause(ms, leaving, this.#wake.signal)
    }
  }

  /** Passes until one of them stores nothing, as a parent may itself have been held. */
  async finish(context: FlowContext): Promise<void> {
    const { drain, abort } = context
    for (let more = true; more && !drain.aborted && !abort.aborted; ) {
      more = (await this.#holding.attempt(context)).replayed > 0
    }
  }

  async #pass(context: FlowContext): Promise<void> {
    this.#any = false
    try {
      await this.#expire(context)
      const { letters, replayed } = await this.#holding.attempt(context)
      if (letters > replayed) this.#any = true
      if (replayed > 0) this.stored()
    } catch (error) {
      this.#any = true
      if (context.abort.aborted) return
      // The main line meets the same database and tells of it.
      if (error instanceof UnavailableError) return
      if (!(error instanceof SystemicError)) throw error
      const { observer, name: flow } = context
      observer({ flow, type: 'notice', level: 'warn', code: 'held-refused', message: error.message })
    }
  }

  /** Gives up the letters that have been held for too long. */
  async #expire({ name: flow, observer, abort: signal }: FlowContext): Promise<void> {
    const { store, holdMs } = this.#holding
    const limit = { what: `the held letters of flow ${flow}`, ms: STORE_DEADLINE_MS, signal }
    for (;;) {
      const letters = await deadline(limit, () => store.list(flow, { states: ['held'] }, { limit: PAGE_LETTERS }))
      const old = letters.filter(({ firstAt }) => Date.now() - Date.parse(firstAt) >= holdMs)
      if (old.length === 0) return
      await deadline(limit, () => store.store(old.map((letter) => givenUp(letter, holdMs))))
      tell(observer, old)
    }
  }
}

function givenUp(
  { id: _id, state: _state, firstAt: _first, lastAt: _last, ...letter }: StoredLetter,
  holdMs: number,
): DeadLetter {
  return { ...letter, held: false, attempts: 0, reason: `${letter.reason} (waited for ${holdMs} ms)` }
}

function tell(observer: Observer, letters: readonly StoredLetter[]): void {
  for (const code of new Set(letters.map((letter) => letter.code))) {
    const ofCode = letters.filter((letter) => letter.code === code)
    const [first] = ofCode
    if (first === undefined) continue
    const { flow, lane, reason } = first
    observer({ flow, type: 'dead-letters', lane, count: ofCode.length, code, reason })
  }
}
