import { integer, pgTable, text, timestamp } from 'drizzle-orm/pg-core'
import { postgres } from '../../../src/adapters/postgres/index.js'
import type { TableRef } from '../../../src/core/database.js'
import type { Values } from '../../../src/core/upsert.js'

/** Nothing runs here: the compiler is the test. Each `@ts-expect-error` fails it when the line below would compile. */
const scans = pgTable('scans', {
  id: integer().primaryKey(),
  response: text(),
  lastSeen: timestamp('last_seen', { withTimezone: true }).notNull(),
})

const database = postgres('postgres://nobody@127.0.0.1/nothing')

type InsertOf<Ref> = Ref extends TableRef<infer Insert> ? Insert : never

export const typed = database.table(scans, { key: ['id'], version: 'lastSeen', ignore: ['response'] })
export const row: InsertOf<typeof typed> = { id: 1, lastSeen: new Date() }
export const opened = typed.open(new AbortController().signal)

// @ts-expect-error: no such column
database.table(scans, { key: ['ip'] })
// @ts-expect-error: the name of the property counts, not that in the database
database.table(scans, { version: 'last_seen' })
// @ts-expect-error: no such column
database.table(scans, { ignore: ['other'] })
// @ts-expect-error: lastSeen is not null
export const incomplete: InsertOf<typeof typed> = { id: 1 }
// @ts-expect-error: a text is no Date
export const mistyped: InsertOf<typeof typed> = { id: 1, lastSeen: 'now' }

export const named = database.table('public.scans', { key: ['any'], version: 'thing' })
export const values: InsertOf<typeof named> = { any: 1 } satisfies Values
