import { inet, integer, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core'

export const records = pgTable('records', { id: uuid('id').primaryKey(), value: text('value') })

export const scanResults = pgTable(
  'scan_results',
  {
    ip: inet('ip').notNull(),
    port: integer('port').notNull(),
    service: text('service').notNull(),
    lastSeen: timestamp('last_seen', { withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.ip, table.port, table.service] })],
)
