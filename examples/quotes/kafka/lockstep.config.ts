import { Kafka } from 'kafkajs'
import { defineConfig, ingest, relay } from 'lockstep'
import { env } from 'lockstep/env'
import { kafka, kafkaTopic } from 'lockstep/kafka'
import { kurrentdb } from 'lockstep/kurrentdb'
import { postgres } from 'lockstep/postgres'
import { QuoteProductsUpdated, QuoteStarted } from '../events.js'
import { quoteItems, quotes, quoteUpdateProducts, quoteUpdates } from '../postgres/schema.js'
import { startedRows, updatedRows } from '../rows.js'

const client = new Kafka({ clientId: 'quotes', brokers: env('KAFKA_BROKERS').split(',') })
const database = postgres(env('DATABASE_URL'))

// The same by way of a Kafka topic that others can read too: two flows, which may run on different machines.
export default defineConfig({
  flows: {
    buffer: relay({
      from: kurrentdb({ url: env('KURRENTDB_URL'), types: ['quote_'] }),
      to: kafkaTopic({ client, topic: 'quotes' }),
      state: database,
    }),
    quotes: ingest({
      from: kafka({ client, topics: ['quotes'], groupId: 'quotes' }),
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
      orphans: 'hold',
    }),
  },
})
