import { z } from 'zod'
import type { LetterChoice } from '../../client/wire/letters.js'
import { type DeadLetterStore, LETTER_STATES, type LetterFilter, type StoredLetter } from '../../core/dead-letter.js'
import { ConfigError } from '../../core/errors.js'
import { deadline } from '../../engine/deadline.js'
import { formatCursor, parseCursor } from '../cursor.js'
import { type Desk, STORE_DEADLINE_MS } from '../desk.js'
import { RequestError } from '../problem.js'
import { flowOf } from '../routes/route-parts.js'

export interface FoundLetter {
  readonly store: DeadLetterStore
  readonly letter: StoredLetter
}

/** In the store `store` of the flow's, after this letter. */
const Place = z.strictObject({ store: z.number().int().min(0), id: z.string(), firstAt: z.iso.datetime() })
/** Payloads come along and may be large, so not too many at once. */
const MARK_PAGE = 50

/** The dead letters of one flow, wherever they are kept; a `sync` keeps some on each side. */
export class FlowLetters {
  readonly #desk: Desk
  readonly #flow: string
  readonly #stores: readonly DeadLetterStore[]

  /** Throws a `RequestError` for an unknown flow, and for one whose letters nobody can read. */
  constructor(desk: Desk, name: string) {
    this.#desk = desk
    this.#flow = name
    this.#stores = [...new Set(flowOf(desk, name).deadLetters)]
    if (this.#stores.length > 0) return
    const fix = 'read them where the config sends them to, e.g. with a consumer of that topic'
    throw new RequestError(409, 'letters-unreadable', 'this flow keeps no dead letters that could be read', fix)
  }

  /** Oldest failure first, one store after the other. */
  async page(
    filter: LetterFilter,
    limit: number,
    cursor: string | undefined,
  ): Promise<{ found: readonly FoundLetter[]; next: string | null }> {
    const place = parseCursor(cursor, Place)
    const found: { index: number; store: DeadLetterStore; letter: StoredLetter }[] = []
    for (const [index, store] of this.#stores.entries()) {
      if (index < (place?.store ?? 0) || found.length > limit) continue
      // One more than is shown tells whether there are more.
      const after = place !== undefined && place.store === index ? { after: place } : {}
      const letters = await this.#list(store, filter, { limit: limit + 1 - found.length, ...after })
      found.push(...letters.map((letter) => ({ index, store, letter })))
    }
    const shown = found.slice(0, limit)
    const last = shown.at(-1)
    const more = found.length > limit && last !== undefined
    return {
      found: shown,
      next: more ? formatCursor({ store: last.index, id: last.letter.id, firstAt: last.letter.firstAt }) : null,
    }
  }

  /** Throws a `RequestError` when there is none. */
  async one(id: string): Promise<FoundLetter> {
    for (const store of this.#stores) {
      const [letter] = await this.#list(store, { ids: [id], states: LETTER_STATES }, { limit: 1 })
      if (letter !== undefined) return { store, letter }
    }
    throw new RequestError(404, 'letter-unknown', 'there is no such dead letter')
  }

  /** The filter for what was chosen. Throws a `RequestError` when nothing was, or when an id is not there. */
  async chosen(
    { all = false, ids, code, stage, since, until }: LetterChoice,
    states?: LetterFilter['states'],
  ): Promise<LetterFilter> {
    const filter: LetterFilter = {
      ...(code === undefined ? {} : { codes: code }),
      ...(stage === undefined ? {} : { stages: stage }),
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
      ...(ids === undefined ? {} : { ids, ...(states === undefined ? {} : { states }) }),
    }
    if (!all && Object.keys(filter).length === 0) {
      throw new RequestError(
        400,
        'letters-not-chosen',
        'no letters were named',
        'give ids, a filter such as `code`, or `all: true`',
      )
    }
    for (const id of ids ?? []) await this.one(id)
    return filter
  }

  async discard(filter: LetterFilter): Promise<{ letters: number; discarded: number }> {
    let letters = 0
    let discarded = 0
    for (const store of this.#stores) {
      let after: StoredLetter | undefined
      for (;;) {
        const page = await this.#list(store, filter, { limit: MARK_PAGE, ...(after === undefined ? {} : { after }) })
        if (page.length === 0) break
        letters += page.length
        discarded += await this.#within(store, () => store.mark(this.#flow, page, 'discarded'))
        after = page.at(-1)
      }
    }
    return { letters, discarded }
  }

  async #list(
    store: DeadLetterStore,
    filter: LetterFilter,
    page: { readonly limit: number; readonly after?: Pick<StoredLetter, 'id' | 'firstAt'> },
  ): Promise<readonly StoredLetter[]> {
    try {
      return await this.#within(store, () => store.list(this.#flow, filter, page))
    } catch (error) {
      // The state tables are made by the first run.
      if (error instanceof ConfigError && error.code === 'table-missing') return []
      throw error
    }
  }

  #within<Result>(store: DeadLetterStore, work: () => Promise<Result>): Promise<Result> {
    return deadline({ what: store.label, ms: STORE_DEADLINE_MS, signal: this.#desk.abort }, work)
  }
}
