import { sql } from 'drizzle-orm'
import { datetime, int, json as mysqlJson, mysqlTable } from 'drizzle-orm/mysql-core'
import { jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import { integer, sqliteTable } from 'drizzle-orm/sqlite-core'
import { describe, expect, it } from 'vitest'
import { drizzleColumns, isSqlValue } from './drizzle-columns.js'

const WHEN = new Date('2026-01-02T03:04:05.678Z')

describe('the columns of a Drizzle table', () => {
  it('have their name in the database and encode as their dialect does', () => {
    const pg = drizzleColumns(pgTable('t', { lastSeen: timestamp('last_seen', { withTimezone: true }), data: jsonb() }))
    expect([...pg].map(([property, { name }]) => [property, name])).toEqual([
      ['lastSeen', 'last_seen'],
      ['data', 'data'],
    ])
    expect(pg.get('lastSeen')?.encode(WHEN)).toBe('2026-01-02T03:04:05.678Z')
    expect([...pg.values()].map(({ plain }) => plain)).toEqual([false, false])
    expect(pg.get('data')?.encode('x')).toBe('"x"')
    expect(pg.get('data')?.encode(null)).toBeNull()

    const mysql = drizzleColumns(mysqlTable('t', { at: datetime({ fsp: 3 }), n: int(), j: mysqlJson() }))
    expect(mysql.get('at')?.encode(WHEN)).toBe('2026-01-02 03:04:05.678')
    expect(mysql.get('n')).toMatchObject({ plain: true })
    expect(mysql.get('j')?.encode([1])).toBe('[1]')

    const sqlite = drizzleColumns(sqliteTable('t', { at: integer({ mode: 'timestamp_ms' }) }))
    expect(sqlite.get('at')?.encode(WHEN)).toBe(WHEN.getTime())
  })

  it('know the defaults that only Drizzle knows', () => {
    const columns = drizzleColumns(
      pgTable('t', { id: uuid().$default(() => 'made'), at: text().$onUpdate(() => 'now'), db: text().default('x') }),
    )
    expect(columns.get('id')?.insertDefault?.()).toBe('made')
    expect(columns.get('at')?.updateDefault?.()).toBe('now')
    expect(columns.get('db')?.insertDefault).toBeUndefined()
  })
})

describe('SQL as a value', () => {
  it('is told from values', () => {
    expect(isSqlValue(sql`now()`)).toBe(true)
    for (const value of [null, undefined, 1, 'now()', {}]) expect(isSqlValue(value)).toBe(false)
  })
})
