import { z } from 'zod'

const text = z.string().nullish()
const money = z.number().nullish()
const json = z.unknown().optional()

const Started = z.object({
  id: z.string(),
  reference: z.string(),
  contact: json,
  timestamp: z.string(),
  isFirstQuote: z.boolean().nullish(),
})
const Rate = z.object({
  key: z.string(),
  description: text,
  isOffered: z.boolean().nullish(),
  basePremium: money,
  loading: money,
  discount: money,
  ipt: money,
  commission: money,
  total: money,
  status: text,
  ratingAttributes: json,
  errors: json,
})
const Updated = z.object({
  quoteId: z.string(),
  products: z
    .array(
      z.object({
        id: z.string(),
        key: z.string(),
        name: text,
        total: money,
        ipt: money,
        rates: z.array(Rate).nullish(),
      }),
    )
    .nullish(),
})

/** An event as it was appended, with what the event store made of it. */
export interface Appended {
  readonly type: string
  readonly data: unknown
  readonly revision: number
  readonly createdMs: number
}

type Value = string | null
/** A row by column. Numbers and times are text, flags 0 or 1, JSON is parsed and spelt anew. */
export type Row = Readonly<Record<string, Value>>

interface Update {
  readonly revision: number
  readonly fromMs: number
  readonly products: readonly string[]
}

/** What the tables must hold: a plain fold of the events, quote by quote, in the order of their revisions. */
export class QuotesOracle {
  readonly #quotes = new Map<string, Row>()
  readonly #items = new Map<string, Row>()
  readonly #updates = new Map<string, Update[]>()
  readonly #products: Row[] = []

  take({ type, data, revision, createdMs }: Appended): void {
    if (type === 'quote_started') this.#start(Started.parse(data), revision)
    if (type === 'quote_products_updated') this.#update(Updated.parse(data), { revision, createdMs })
  }

  get tables(): Readonly<Record<string, readonly string[]>> {
    return {
      quotes: spelt([...this.#quotes.values()]),
      quote_items: spelt([...this.#items.values()]),
      quote_updates: spelt(
        [...this.#updates].flatMap(([quote_id, updates]) =>
          updates.map(({ revision, fromMs }) => ({ quote_id, revision: String(revision), updated_at: String(fromMs) })),
        ),
      ),
      quote_update_products: spelt(this.#products),
    }
  }

  get quotes(): readonly string[] {
    return [...this.#updates.keys()]
  }

  /** When something changed, and the moments just before. */
  momentsOf(quote: string): readonly number[] {
    return (this.#updates.get(quote) ?? []).flatMap(({ fromMs }) => [fromMs - 1, fromMs])
  }

  /** The products of a quote at a time: those of the last update that was there by then. */
  activeAt(quote: string, ms: number): readonly string[] {
    const last = this.#updates.get(quote)?.findLast(({ fromMs }) => fromMs <= ms)
    return [...(last?.products ?? [])].sort()
  }

  #start({ id, reference, contact, timestamp, isFirstQuote }: z.infer<typeof Started>, revision: number): void {
    this.#quotes.set(id.toLowerCase(), {
      id: id.toLowerCase(),
      reference,
      contact: jsonOf(contact),
      started_at: String(Date.parse(timestamp)),
      is_first_quote: flagOf(isFirstQuote),
      revision: String(revision),
    })
  }

  #update(event: z.infer<typeof Updated>, { revision, createdMs }: { revision: number; createdMs: number }): void {
    const quote_id = event.quoteId.toLowerCase()
    const products = event.products ?? []
    const update = { revision, fromMs: createdMs, products: products.map(({ id }) => id) }
    this.#updates.set(quote_id, [...(this.#updates.get(quote_id) ?? []), update])
    for (const product of products) {
      const at = { quote_id, product_id: product.id, product_key: product.key }
      this.#products.push({ ...at, revision: String(revision) })
      const rates = product.rates?.length ? product.rates : [Rate.parse({ key: '' })]
      for (const rate of rates) {
        this.#items.set(JSON.stringify([quote_id, product.id, rate.key]), {
          ...at,
          product_name: product.name ?? null,
          product_total: moneyOf(product.total),
          product_ipt: moneyOf(product.ipt),
          ...rateRow(rate),
          revision: String(revision),
        })
      }
    }
  }
}

function rateRow(rate: z.infer<typeof Rate>): Row {
  return {
    rate_key: rate.key,
    description: rate.description ?? null,
    is_offered: flagOf(rate.isOffered),
    base_premium: moneyOf(rate.basePremium),
    loading: moneyOf(rate.loading),
    discount: moneyOf(rate.discount),
    ipt: moneyOf(rate.ipt),
    commission: moneyOf(rate.commission),
    total: moneyOf(rate.total),
    status: rate.status ?? null,
    rating_attributes: jsonOf(rate.ratingAttributes),
    errors: jsonOf(rate.errors),
  }
}

/** One line for each row, so that a test that fails tells which. */
export function spelt(rows: readonly Row[]): readonly string[] {
  return rows
    .map((row) => JSON.stringify(Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))))
    .sort()
}

function moneyOf(value: number | null | undefined): Value {
  return value === null || value === undefined ? null : value.toFixed(4)
}

function flagOf(value: boolean | null | undefined): Value {
  return value === null || value === undefined ? null : String(Number(value))
}

/** With its keys in order, as one database keeps them as they came and the other does not. */
export function jsonOf(value: unknown): Value {
  return value === null || value === undefined ? null : JSON.stringify(sorted(value))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}
