import { bigint, boolean, jsonb, numeric, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core'

/** Four decimal places; the database rounds what has more, and what has more than ten digits before them is a dead letter. */
const money = (name: string) => numeric(name, { precision: 14, scale: 4, mode: 'number' })
const quoteId = () =>
  uuid('quote_id')
    .notNull()
    .references(() => quotes.id)
/** Of the event that the row is from. */
const revision = () => bigint('revision', { mode: 'bigint' }).notNull()

export const quotes = pgTable('quotes', {
  id: uuid('id').primaryKey(),
  reference: text('reference').notNull(),
  contact: jsonb('contact'),
  startedAt: timestamp('started_at', { withTimezone: true }).notNull(),
  isFirstQuote: boolean('is_first_quote'),
  revision: revision(),
})

/** What each product of a quote costs at each rate, as of the last update that named it. */
export const quoteItems = pgTable(
  'quote_items',
  {
    quoteId: quoteId(),
    productId: text('product_id').notNull(),
    rateKey: text('rate_key').notNull(),
    productKey: text('product_key').notNull(),
    productName: text('product_name'),
    productTotal: money('product_total'),
    productIpt: money('product_ipt'),
    description: text('description'),
    isOffered: boolean('is_offered'),
    basePremium: money('base_premium'),
    loading: money('loading'),
    discount: money('discount'),
    ipt: money('ipt'),
    commission: money('commission'),
    total: money('total'),
    status: text('status'),
    ratingAttributes: jsonb('rating_attributes'),
    errors: jsonb('errors'),
    revision: revision(),
  },
  (table) => [primaryKey({ columns: [table.quoteId, table.productId, table.rateKey] })],
)

/** When a quote was updated, and which products it had from then on: the view `active_products` is made of these. */
export const quoteUpdates = pgTable(
  'quote_updates',
  {
    quoteId: quoteId(),
    revision: revision(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.quoteId, table.revision] })],
)

export const quoteUpdateProducts = pgTable(
  'quote_update_products',
  {
    quoteId: quoteId(),
    revision: revision(),
    productId: text('product_id').notNull(),
    productKey: text('product_key').notNull(),
  },
  (table) => [primaryKey({ columns: [table.quoteId, table.revision, table.productId] })],
)
