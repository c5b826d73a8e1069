import { integer, pgTable, text, timestamp } from 'drizzle-orm/pg-core'
import { describe, expect, it } from 'vitest'
import { postgres } from '../../../src/adapters/postgres/index.js'
import type { TableRef } from '../../../src/core/database.js'
import type { Values } from '../../../src/core/upsert.js'

const scans = pgTable('scans', {
  id: integer().primaryKey(),
  response: text(),
  lastSeen: timestamp('last_seen', { withTimezone: true }).notNull(),
})

const database = postgres('postgres://nobody@127.0.0.1/nothing')

type InsertOf<Ref> = Ref extends TableRef<infer Insert> ? Insert : never

/** The compiler is the test: each `@ts-expect-error` fails it when the line below would compile. */
describe('a table of a PostgreSQL database', () => {
  it('is typed by its Drizzle table: columns that are named, and rows', () => {
    const typed = database.table(scans, { key: ['id'], version: 'lastSeen', ignore: ['response'] })
    const row: InsertOf<typeof typed> = { id: 1, lastSeen: new Date() }

    // @ts-expect-error: no such column
    database.table(scans, { key: ['ip'] })
    // @ts-expect-error: the name of the property counts, not that in the database
    database.table(scans, { version: 'last_seen' })
    // @ts-expect-error: no such column
    database.table(scans, { ignore: ['other'] })
    // @ts-expect-error: lastSeen is not null
    const incomplete: InsertOf<typeof typed> = { id: 1 }
    // @ts-expect-error: a text is no Date
    const mistyped: InsertOf<typeof typed> = { id: 1, lastSeen: 'now' }

    const named = database.table('public.scans', { key: ['any'], version: 'thing' })
    const values: InsertOf<typeof named> = { any: 1 } satisfies Values

    expect([typed.name, named.name, row, incomplete, mistyped, values].length).toBe(6)
    expect(typed.drizzle).toBe(scans)
    expect(named.drizzle).toBeUndefined()
  })
})
