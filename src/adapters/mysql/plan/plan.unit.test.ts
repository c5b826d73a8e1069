import { describe, expect, it } from 'vitest'
import { parsePlan, readsAll } from './plan.js'

/** Shortened, as the servers print them. */
const MYSQL = {
  query_block: {
    select_id: 1,
    cost_info: { query_cost: '1.00' },
    table: {
      table_name: 'g',
      access_type: 'ALL',
      rows_examined_per_scan: 149_000,
      materialized_from_subquery: {
        query_block: {
          select_id: 2,
          cost_info: { query_cost: '15060.35' },
          grouping_operation: {
            using_filesort: true,
            table: {
              table_name: 't',
              access_type: 'range',
              key: 'blob',
              rows_examined_per_scan: 74_500,
              using_index: true,
            },
          },
        },
      },
    },
  },
}

const MARIADB = {
  query_block: {
    select_id: 1,
    nested_loop: [
      {
        table: {
          table_name: '<derived2>',
          access_type: 'ALL',
          rows: 149_000,
          materialized: {
            query_block: {
              select_id: 2,
              filesort: {
                temporary_table: {
                  nested_loop: [{ table: { table_name: 't', access_type: 'ALL', rows: 149_000, filtered: 100 } }],
                },
              },
            },
          },
        },
      },
    ],
  },
}

describe('plans of MySQL and MariaDB', () => {
  it('are read at any depth, with the cost where the server tells one', () => {
    const plan = parsePlan(MYSQL)
    expect(plan.cost).toBe(15_060.35)
    expect(plan.tables).toEqual([{ table: 't', access: 'range', rows: 74_500, key: 'blob', indexOnly: true }])
    expect(parsePlan(MARIADB)).toMatchObject({ cost: undefined, tables: [{ table: 't', rows: 149_000 }] })
  })

  it('tell whether a table is read whole, which a result of its own is not', () => {
    expect(readsAll(parsePlan(MARIADB))).toBe(true)
    expect(readsAll(parsePlan(MYSQL))).toBe(false)
    expect(readsAll(parsePlan({ query_block: { message: 'Impossible where' } }))).toBe(false)
  })
})
