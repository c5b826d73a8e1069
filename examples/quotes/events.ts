import { z } from 'zod'

// What is left out is null, like what is said to be null: an update then says all there is to say.
const text = z.string().nullable().default(null)
const flag = z.boolean().nullable().default(null)
const money = z.number().nullable().default(null)
const object = z.record(z.string(), z.unknown()).nullable().default(null)
/** In one spelling, as MySQL has it as text. */
const uuid = z.guid().toLowerCase()

/** A quote was begun. */
export const QuoteStarted = z.object({
  id: uuid,
  reference: z.string(),
  contact: object,
  /** With its offset: `2026-11-20T10:00:00+01:00`. */
  timestamp: z.iso.datetime({ offset: true }),
  isFirstQuote: flag,
})

const Rate = z.object({
  key: z.string(),
  description: text,
  isOffered: flag,
  basePremium: money,
  loading: money,
  discount: money,
  ipt: money,
  commission: money,
  total: money,
  status: text,
  ratingAttributes: object,
  errors: z.array(z.unknown()).nullable().default(null),
})

/** Stands for the rates of a product that has none yet. */
export const NO_RATE = Rate.parse({ key: '' })

const Product = z.object({
  id: z.string(),
  key: z.string(),
  name: text,
  total: money,
  ipt: money,
  rates: z.array(Rate).nullish(),
})

/** What a quote offers from now on: all of its products, each with its rates. */
export const QuoteProductsUpdated = z.object({ quoteId: uuid, products: z.array(Product).nullish() })

export type QuoteStarted = z.infer<typeof QuoteStarted>
export type QuoteProductsUpdated = z.infer<typeof QuoteProductsUpdated>
