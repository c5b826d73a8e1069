import { describe, expect, it } from 'vitest'
import { normalType } from './drizzle-table.js'

describe('normalType', () => {
  it.each([
    ['serial', 'integer'],
    ['bigserial', 'bigint'],
    ['varchar(10)', 'character varying(10)'],
    ['varchar(10)[3]', 'character varying(10)[]'],
    ['integer[][]', 'integer[]'],
    ['char(3)', 'character(3)'],
    ['char', 'character(1)'],
    ['numeric(10, 2)', 'numeric(10,2)'],
    ['numeric(10)', 'numeric(10,0)'],
    ['decimal', 'numeric'],
    ['timestamp', 'timestamp without time zone'],
    ['timestamp (3) with time zone', 'timestamp(3) with time zone'],
    ['time(6)', 'time(6) without time zone'],
    ['timestamptz', 'timestamp with time zone'],
    ['interval day to second', 'interval day to second'],
    ['mood', 'public.mood'],
    ['mood[]', '"Odd".mood[]'],
  ])('%s is %s', (drizzle, catalog) => {
    expect(normalType(drizzle)).toBe(normalType(catalog))
  })

  it.each([
    ['varchar(10)', 'character varying(11)'],
    ['varchar', 'text'],
    ['integer', 'integer[]'],
    ['timestamp', 'timestamp with time zone'],
    ['timestamp(3)', 'timestamp without time zone'],
    ['numeric', 'numeric(10,2)'],
    ['json', 'jsonb'],
  ])('%s is not %s', (drizzle, catalog) => {
    expect(normalType(drizzle)).not.toBe(normalType(catalog))
  })
})
