import { eq, sql } from 'drizzle-orm'
import { integer, pgTable, QueryBuilder, text, timestamp } from 'drizzle-orm/pg-core'
import * as lite from 'drizzle-orm/sqlite-core'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { folder } from '../../../src/adapters/objects/files/index.js'
import { postgres } from '../../../src/adapters/postgres/index.js'
import type { TableRef } from '../../../src/core/database.js'
import { actionsCenter } from '../../../src/flows/feed/actions-center/actions-center.js'
import { feed } from '../../../src/flows/feed/feed.js'

const shop = pgTable('shop', {
  id: integer().primaryKey(),
  name: text().notNull(),
  cityId: integer('city_id'),
  openedAt: timestamp('opened_at').notNull(),
})
const city = pgTable('city', { id: integer().primaryKey(), name: text().notNull() })

const database = postgres('postgres://nobody@127.0.0.1/nothing')
const build = new QueryBuilder()
const joined = build
  .select({ id: shop.id, city: city.name, openedAt: shop.openedAt, letters: sql<number>`length(${shop.name})` })
  .from(shop)
  .leftJoin(city, eq(city.id, shop.cityId))
  .where(eq(shop.name, "O'Hara \\ 7"))

type SelectOf<Ref> = Ref extends TableRef<unknown, infer Select> ? Select : never

/** The compiler is the test of types: each `@ts-expect-error` fails it when the line below would compile. */
describe('a query of a PostgreSQL database', () => {
  it("types its rows by a select of Drizzle's, and its key by them", () => {
    const from = database.query(joined, { key: ['id'] })
    expectTypeOf<SelectOf<typeof from>>().toEqualTypeOf<{
      id: number
      city: string | null
      openedAt: Date
      letters: number
    }>()
    const to = folder('never')
    feed({ from, map: ({ id, city: at, openedAt }) => ({ id, at: at?.length, year: openedAt.getFullYear() }), to })
    // @ts-expect-error: the left join may give no city
    feed({ from, map: (row) => row.city.length, to })
    // @ts-expect-error: the select has no such column
    feed({ from, map: (row) => row.name, to })
    // @ts-expect-error: the select has no such column
    database.query(joined, { key: ['name'] })
    const typed = database.query<{ id: number }>('select 1 as id', { key: ['id'] })
    expectTypeOf<SelectOf<typeof typed>>().toEqualTypeOf<{ id: number }>()
    database.query(sql`select 1 as id`, { key: ['id'] })
    expect(typed.query).toBe('select 1 as id')
  })

  it('is published through a schema, which map has to fit and the format takes', () => {
    const from = database.query(joined, { key: ['id'] })
    const to = folder('never')
    const Entity = z.object({
      entity_id: z.string(),
      name: z.string(),
      location: z.object({ unstructured_address: z.string() }),
    })
    const location = { unstructured_address: 'Oslo' }
    const as = actionsCenter('reservewithgoogle.entity', { address: 'unstructured' })
    feed({ from, map: ({ id }) => ({ entity_id: String(id), name: 'a', location }), schema: Entity, as, to })
    feed({ from, schema: z.object({ id: z.number() }), to })
    // @ts-expect-error: the schema takes a text
    feed({ from, map: ({ id }) => ({ entity_id: id, name: 'a', location }), schema: Entity, as, to })
    // @ts-expect-error: what the schema makes is no entity
    feed({ from, map: ({ id }) => ({ entity_id: String(id) }), schema: z.object({ entity_id: z.string() }), as, to })
    // @ts-expect-error: no Standard Schema
    expect(() => feed({ from, schema: { parse: () => 1 }, to })).toThrow(/schema.*Standard Schema/)
  })

  it('writes the parameters of a select as literals, and shows none of them', () => {
    const from = database.query(joined, { key: ['id'] })
    expect(from.query).toBe(
      `with "lockstep_rows" ("id", "city", "openedAt", "letters") as (
select "shop"."id", "city"."name", "shop"."opened_at", length("shop"."name") from "shop" left join "city" on "city"."id" = "shop"."city_id" where "shop"."name" = (E'O''Hara \\\\ 7')
) select * from "lockstep_rows"`,
    )
    expect(from.name).not.toContain('Hara')
    const template = database.query(sql`select 1 as id where ${'b'} = any(${sql.param(['a"', null, '{'])})`)
    expect(template.query).toBe(`select 1 as id where ('b') = any((E'{"a\\\\"",NULL,"{"}'))`)
    const cased = new QueryBuilder({ casing: 'snake_case' })
    const table = pgTable('t', { openedAt: integer() })
    expect(database.query(cased.select().from(table)).query).toContain('select "opened_at" from "t"')
  })

  it('refuses what is no select of its engine, and what it cannot write', () => {
    const both = build.select().from(shop).innerJoin(city, eq(city.id, shop.cityId))
    // @ts-expect-error: columns of two tables, each under the name of its table
    expect(() => database.query(both, { key: ['id'] })).toThrow(/name the columns/)
    const liteShop = lite.sqliteTable('shop', { id: lite.integer() })
    // @ts-expect-error: a select of SQLite
    expect(() => database.query(new lite.QueryBuilder().select().from(liteShop))).toThrow(/PostgreSQL/)
    // @ts-expect-error: neither a text nor a select
    expect(() => database.query({ select: '*' })).toThrow(/neither a SELECT nor/)
    expect(() => database.query(sql`delete from shop where id = ${1}`)).toThrow(/not a single SELECT/)
    const open = build.select({ id: shop.id }).from(shop)
    for (const value of [sql.placeholder('later'), 'a\0b', '\ud800', () => 1]) {
      expect(() => database.query(open.where(sql`${shop.name} = ${value}`))).toThrow(/cannot be written as SQL/)
    }
  })
})
