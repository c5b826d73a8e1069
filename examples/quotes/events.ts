import { z } from 'zod'

/** A quote was begun. */
export const QuoteStarted = z.object({
  id: z.uuid(),
  reference: z.string(),
  contact: z.record(z.string(), z.unknown()).nullish(),
  /** With its offset: `2026-11-20T10:00:00+01:00`. */
  timestamp: z.iso.datetime({ offset: true }),
  isFirstQuote: z.boolean().nullish(),
})

const money = z.number().nullish()

const Rate = z.object({
  key: z.string(),
  description: z.string().nullish(),
  isOffered: z.boolean().nullish(),
  basePremium: money,
  loading: money,
  discount: money,
  ipt: money,
  commission: money,
  total: money,
  status: z.string().nullish(),
  ratingAttributes: z.record(z.string(), z.unknown()).nullish(),
  errors: z.array(z.unknown()).nullish(),
})

/** What a quote offers from now on: all of its products, each with its rates. */
export const QuoteProductsUpdated = z.object({
  quoteId: z.uuid(),
  products: z
    .array(
      z.object({
        id: z.string(),
        key: z.string(),
        name: z.string().nullish(),
        total: money,
        ipt: money,
        rates: z.array(Rate).nullish(),
      }),
    )
    .nullish(),
})

export type QuoteProductsUpdated = z.infer<typeof QuoteProductsUpdated>
