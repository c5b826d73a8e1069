import { defineConfig, ingest } from 'lockstep'
import { env } from 'lockstep/env'
import { kurrentdb } from 'lockstep/kurrentdb'
import { mysql } from 'lockstep/mysql'
import { QuoteProductsUpdated, QuoteStarted } from '../events.js'
import { startedRows, updatedRows } from '../rows.js'
import { quoteItems, quotes, quoteUpdateProducts, quoteUpdates } from './schema.js'

const database = mysql(env('DATABASE_URL'))

export default defineConfig({
  flows: {
    quotes: ingest({
      from: kurrentdb({ url: env('KURRENTDB_URL'), types: ['quote_'] }),
      into: {
        quotes: database.table(quotes, { version: 'revision' }),
        quoteItems: database.table(quoteItems, { version: 'revision' }),
        quoteUpdates: database.table(quoteUpdates),
        quoteUpdateProducts: database.table(quoteUpdateProducts),
      },
      byType: {
        quote_started: { schema: QuoteStarted, map: startedRows },
        quote_products_updated: { schema: QuoteProductsUpdated, map: updatedRows },
      },
      unknownTypes: 'skip',
      // An update that comes before its quote waits for it.
      orphans: 'hold',
    }),
  },
})
