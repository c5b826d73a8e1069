import type { z } from 'zod'
import type { QuoteProductsUpdated, QuoteStarted } from './events.js'

/** What `map` is told of the message that an event came in. */
interface EventMessage {
  readonly revision: bigint | undefined
  readonly publishedAt: number | undefined
}

export function startedRows(event: z.infer<typeof QuoteStarted>) {
  return {
    quotes: {
      id: event.id,
      reference: event.reference,
      contact: event.contact ?? null,
      startedAt: new Date(event.timestamp),
      isFirstQuote: event.isFirstQuote ?? null,
    },
  }
}

/**
 * A row per product and rate (a product that has no rate yet has one row, with an empty rate key), and the fact that at
 * this time these products, and no others, were active.
 */
export function updatedRows(event: QuoteProductsUpdated, { revision = 0n, publishedAt = 0 }: EventMessage) {
  const { quoteId } = event
  const products = event.products ?? []
  return {
    quoteItems: products.flatMap((product) =>
      (product.rates?.length ? product.rates : [{ key: '' }]).map((rate) => ({
        quoteId,
        productId: product.id,
        productKey: product.key,
        productName: product.name ?? null,
        productTotal: product.total ?? null,
        productIpt: product.ipt ?? null,
        revision,
        ...rateColumns(rate),
      })),
    ),
    quoteUpdates: { quoteId, revision, updatedAt: new Date(publishedAt) },
    quoteUpdateProducts: products.map(({ id, key }) => ({ quoteId, revision, productId: id, productKey: key })),
  }
}

type Product = NonNullable<QuoteProductsUpdated['products']>[number]
type Rate = Pick<NonNullable<Product['rates']>[number], 'key'> & Partial<NonNullable<Product['rates']>[number]>

function rateColumns(rate: Rate) {
  return {
    rateKey: rate.key,
    description: rate.description ?? null,
    isOffered: rate.isOffered ?? null,
    basePremium: rate.basePremium ?? null,
    loading: rate.loading ?? null,
    discount: rate.discount ?? null,
    ipt: rate.ipt ?? null,
    commission: rate.commission ?? null,
    total: rate.total ?? null,
    status: rate.status ?? null,
    ratingAttributes: rate.ratingAttributes ?? null,
    errors: rate.errors ?? null,
  }
}
