import { inet, integer, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core'

/** What each service of each address answered when it was last seen. */
export const scanResults = pgTable(
  'scan_results',
  {
    ip: inet('ip').notNull(),
    port: integer('port').notNull(),
    service: text('service').notNull(),
    response: text('response').notNull(),
    lastSeen: timestamp('last_seen', { withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.ip, table.port, table.service] })],
)
