import type { Batch } from '../../core/batch.js'
import type { DeadLetterStore, LetterFilter, StoredLetter } from '../../core/dead-letter.js'
import type { Message } from '../../core/message.js'
import type { Source } from '../../core/source.js'
import { deadline } from '../../engine/deadline.js'
import { messageOf } from './letter.js'

/** Letters hold whole bodies, of any size: a page grows while they turn out small. */
const FIRST_PAGE = 10
const MAX_PAGE = 500
const PAGE_CHARACTERS = 1024 * 1024
const STORE_DEADLINE_MS = 15_000

export interface LettersOf {
  readonly flow: string
  /** The lane of its batches. */
  readonly lane: string
  readonly store: DeadLetterStore
  readonly filter: LetterFilter
}

/**
 * The messages of dead letters, oldest first, each once; they end. What is acknowledged is marked as replayed, unless it
 * failed again: then it was stored again, and with more attempts.
 */
export class LetterSource implements Source<Message> {
  readonly #of: LettersOf
  readonly #pages = new WeakMap<Batch<Message>, readonly StoredLetter[]>()
  /** The last letter of what was acknowledged: what is read again begins after it. */
  #after: StoredLetter | undefined
  #limit = FIRST_PAGE
  #letters = 0
  #replayed = 0

  constructor(of: LettersOf) {
    this.#of = of
  }

  /** How many were acknowledged, and how many of them stored. */
  get counts(): { readonly letters: number; readonly replayed: number } {
    return { letters: this.#letters, replayed: this.#replayed }
  }

  async *read(_from: unknown, signal: AbortSignal): AsyncGenerator<Batch<Message>> {
    const { lane } = this.#of
    let after = this.#after
    while (!signal.aborted) {
      const letters = await this.#page(after, signal)
      after = letters.at(-1)
      if (after === undefined) return
      const batch = { lane, position: undefined, items: letters.map(messageOf) }
      this.#pages.set(batch, letters)
      yield batch
    }
  }

  async acknowledge(batch: Batch<Message>): Promise<void> {
    const { store, flow } = this.#of
    const letters = this.#pages.get(batch)
    if (letters === undefined) throw new Error(`letters of flow ${flow} were acknowledged that were never read`)
    const marked = await store.mark(
      flow,
      letters.map(({ id, attempts }) => ({ id, attempts })),
      'replayed',
    )
    this.#after = letters.at(-1)
    this.#letters += letters.length
    this.#replayed += marked
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #page(after: StoredLetter | undefined, signal: AbortSignal): Promise<readonly StoredLetter[]> {
    const { store, flow, filter } = this.#of
    const page = { limit: this.#limit, ...(after === undefined ? {} : { after }) }
    const limit = { what: `the dead letters of flow ${flow}`, ms: STORE_DEADLINE_MS, signal }
    const letters = await deadline(limit, () => store.list(flow, filter, page))
    const characters = letters.reduce((sum, { payload }) => sum + payload.length, 0)
    const wanted = Math.floor((letters.length * PAGE_CHARACTERS) / Math.max(1, characters))
    this.#limit = Math.max(1, Math.min(MAX_PAGE, wanted, this.#limit * 2))
    return letters
  }
}
