import type { NamedFlow } from '../../config/select-flows.js'
import type { DeadLetterStore, LetterFilter, StoredLetter } from '../../core/dead-letter.js'
import { ConfigError } from '../../core/errors.js'
import { within } from '../within.js'

/** For one page. */
const DEADLINE_MS = 30_000
/** Payloads come along and may be large, so not too many at once. */
const PAGE = 50

export interface FoundLetter {
  readonly store: DeadLetterStore
  readonly letter: StoredLetter
}

/** Where the letters of a flow can be looked at. Throws `ConfigError` when nobody can. */
export function storesOf({ name, flow }: NamedFlow): readonly DeadLetterStore[] {
  const stores = flow.deadLetters ?? []
  if (stores.length > 0) return [...new Set(stores)]
  throw new ConfigError({
    code: 'letters-unreadable',
    key: `flows.${name}`,
    message: 'this flow keeps no dead letters that could be read',
    fix: 'read them where the config sends them to, e.g. with a consumer of that topic',
  })
}

/** Pages of the letters of one store, each in one answer. No more than `limit` letters in all. */
export async function* letterPages(
  store: DeadLetterStore,
  flow: string,
  { limit = Number.POSITIVE_INFINITY, ...filter }: LetterFilter & { readonly limit?: number },
): AsyncGenerator<readonly StoredLetter[]> {
  let after: StoredLetter | undefined
  for (let left = limit; left > 0; ) {
    const page = { limit: Math.min(PAGE, left), ...(after === undefined ? {} : { after }) }
    const letters = await within(DEADLINE_MS, store.label, () => store.list(flow, filter, page)).catch(nothingYet)
    if (letters.length === 0) return
    yield letters
    left -= letters.length
    after = letters.at(-1)
  }
}

/** How many there are, without keeping them. */
export async function countLetters(flow: NamedFlow, filter: LetterFilter): Promise<number> {
  let count = 0
  for (const store of storesOf(flow)) {
    for await (const page of letterPages(store, flow.name, filter)) count += page.length
  }
  return count
}

/** The state tables are made by the first run. */
export function nothingYet(error: unknown): readonly [] {
  if (error instanceof ConfigError && error.code === 'table-missing') return []
  throw error
}
