import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { QuotesTarget } from './quotes-target.js'

const Started = z.object({ id: z.string(), reference: z.string(), isFirstQuote: z.boolean() })
const Updated = z.object({
  quoteId: z.string(),
  products: z.array(
    z.object({
      id: z.string(),
      total: z.number().nullable(),
      rates: z.array(z.object({ key: z.string(), basePremium: z.number().nullable(), total: z.number().nullable() })),
    }),
  ),
})
/** A line of the website's log: a quote and its events, in the order of its stream. */
const Appended = z.object({ id: z.string(), events: z.array(z.object({ type: z.string(), data: z.unknown() })) })

/** How a target stands, against what the website says it appended. Nothing here shares code with the product. */
export interface QuotesFindings {
  readonly quotes: number
  readonly items: number
  readonly activeProducts: number
  /** Rows that are missing, too many or wrong, in the tables and the view. */
  readonly wrongRows: number
  readonly deadLetters: number
  /** Messages that wait for their quote. */
  readonly held: number
}

/** What the tables must hold, as a fold over the website's log. Rows are text. */
export class QuotesOracle {
  readonly #quotes = new Map<string, string>()
  readonly #items = new Map<string, string>()
  readonly #active = new Map<string, readonly string[]>()
  #events = 0
  #broken = 0

  /** Events that count: those of other types are none of the flow's business. */
  get events(): number {
    return this.#events
  }

  get broken(): number {
    return this.#broken
  }

  async take(logFile: string): Promise<void> {
    for (const line of (await readFile(logFile, 'utf8')).split('\n')) {
      if (line === '') continue
      for (const { type, data } of Appended.parse(JSON.parse(line)).events) this.#fold(type, data)
    }
  }

  async findings(target: QuotesTarget): Promise<QuotesFindings> {
    const quotes = texts(await target.query('select id, reference, is_first_quote from quotes'))
    const items = texts(
      await target.query('select quote_id, product_id, rate_key, product_total, base_premium, total from quote_items'),
    )
    const active = texts(await target.query('select quote_id, product_id from active_products where active_to is null'))
    const letters = await lettersOf(target)
    const expectedActive = [...this.#active].flatMap(([quote, products]) => products.map((id) => text([quote, id])))
    const expected: readonly (readonly [Iterable<string>, readonly string[]])[] = [
      [this.#quotes.values(), quotes],
      [this.#items.values(), items],
      [expectedActive, active],
    ]
    const wrongRows = expected.reduce((sum, [wanted, found]) => sum + distance(wanted, found), 0)
    const counts = { quotes: quotes.length, items: items.length, activeProducts: active.length }
    return { ...counts, wrongRows, deadLetters: letters.get('dead') ?? 0, held: letters.get('held') ?? 0 }
  }

  #fold(type: string, data: unknown): void {
    if (type === 'quote_started') {
      const { id, reference, isFirstQuote } = Started.parse(data)
      this.#quotes.set(id, text([id, reference, isFirstQuote]))
    } else if (type === 'quote_products_updated') {
      this.#update(Updated.parse(data))
    } else {
      return
    }
    this.#events++
  }

  #update({ quoteId, products }: z.infer<typeof Updated>): void {
    if (quoteId === 'none') {
      this.#broken++
      return
    }
    for (const product of products) {
      for (const rate of product.rates) {
        const key = [quoteId, product.id, rate.key]
        this.#items.set(text(key), text([...key, product.total, rate.basePremium, rate.total]))
      }
    }
    this.#active.set(
      quoteId,
      products.map(({ id }) => id),
    )
  }
}

/** How many letters are in each state. */
export async function lettersOf({ query, deadLettersTable }: QuotesTarget): Promise<ReadonlyMap<string, number>> {
  // The flow makes its tables when it starts.
  const rows = await query(`select state, count(*) as letters from ${deadLettersTable} group by state`).catch(() => [])
  return new Map(rows.map(({ state, letters }) => [String(state), Number(letters)]))
}

function texts(rows: readonly Readonly<Record<string, unknown>>[]): readonly string[] {
  return rows.map((row) => text(Object.values(row)))
}

/** One spelling for each value: `12.50` of one client is `12.5` of another, `true` is 1. */
function text(values: readonly unknown[]): string {
  const spell = (value: unknown): unknown => {
    if (typeof value === 'boolean') return Number(value)
    return typeof value === 'string' && /^-?\d+\.\d+$/.test(value) ? Number(value) : value
  }
  return JSON.stringify(values.map(spell))
}

/** How many are in one of the two only. */
function distance(wanted: Iterable<string>, found: readonly string[]): number {
  const missing = new Set(wanted)
  return found.filter((row) => !missing.delete(row)).length + missing.size
}
