import {
  bigint,
  boolean,
  char,
  datetime,
  decimal,
  json,
  mysqlTable,
  primaryKey,
  text,
  varchar,
} from 'drizzle-orm/mysql-core'

/** Four decimal places; the database rounds what has more, and what has more than ten digits before them is a dead letter. */
const money = (name: string) => decimal(name, { precision: 14, scale: 4, mode: 'number' })
const quoteId = () =>
  char('quote_id', { length: 36 })
    .notNull()
    .references(() => quotes.id)
/** Of the event that the row is from. */
const revision = () => bigint('revision', { mode: 'bigint' }).notNull()

export const quotes = mysqlTable('quotes', {
  id: char('id', { length: 36 }).primaryKey(),
  reference: text('reference').notNull(),
  contact: json('contact'),
  startedAt: datetime('started_at', { fsp: 3 }).notNull(),
  isFirstQuote: boolean('is_first_quote'),
  revision: revision(),
})

/** What each product of a quote costs at each rate, as of the last update that named it. */
export const quoteItems = mysqlTable(
  'quote_items',
  {
    quoteId: quoteId(),
    productId: varchar('product_id', { length: 64 }).notNull(),
    rateKey: varchar('rate_key', { length: 64 }).notNull(),
    productKey: varchar('product_key', { length: 64 }).notNull(),
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
    ratingAttributes: json('rating_attributes'),
    errors: json('errors'),
    revision: revision(),
  },
  (table) => [primaryKey({ columns: [table.quoteId, table.productId, table.rateKey] })],
)

/** When a quote was updated, and which products it had from then on: the view `active_products` is made of these. */
export const quoteUpdates = mysqlTable(
  'quote_updates',
  {
    quoteId: quoteId(),
    revision: revision(),
    updatedAt: datetime('updated_at', { fsp: 3 }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.quoteId, table.revision] })],
)

export const quoteUpdateProducts = mysqlTable(
  'quote_update_products',
  {
    quoteId: quoteId(),
    revision: revision(),
    productId: varchar('product_id', { length: 64 }).notNull(),
    productKey: varchar('product_key', { length: 64 }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.quoteId, table.revision, table.productId] })],
)
