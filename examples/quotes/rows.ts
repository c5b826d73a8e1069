import type { Message } from 'lockstep'
import { NO_RATE, type QuoteProductsUpdated, type QuoteStarted } from './events.js'

/** The quote itself. */
export function startedRows({ timestamp, ...quote }: QuoteStarted, message: Message) {
  const { revision } = placeOf(message)
  return { quotes: { ...quote, startedAt: new Date(timestamp), revision } }
}

/**
 * A row per product and rate (a product that has no rate yet has one row, with an empty rate key), and the fact that from
 * this time on these products, and no others, are active.
 */
export function updatedRows({ quoteId, products }: QuoteProductsUpdated, message: Message) {
  const { revision, publishedAt } = placeOf(message)
  const active = products ?? []
  return {
    quoteItems: active.flatMap(({ id, key, name, total, ipt, rates }) =>
      (rates?.length ? rates : [NO_RATE]).map(({ key: rateKey, ...rate }) => ({
        quoteId,
        productId: id,
        productKey: key,
        productName: name,
        productTotal: total,
        productIpt: ipt,
        rateKey,
        ...rate,
        revision,
      })),
    ),
    quoteUpdates: { quoteId, revision, updatedAt: new Date(publishedAt) },
    quoteUpdateProducts: active.map(({ id, key }) => ({ quoteId, revision, productId: id, productKey: key })),
  }
}

/**
 * A quote has one event stream, `quote-<id>`, so the revision of an event orders it among those of its quote; by way of
 * Kafka too, as `relay` passes it on. Were a quote written by several streams, their revisions could not be compared:
 * then its events need a version of their own.
 */
function placeOf({ revision, publishedAt }: Message) {
  if (revision === undefined || publishedAt === undefined) throw new Error('a message without revision or time')
  return { revision, publishedAt }
}
