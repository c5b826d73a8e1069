import { expect, it } from 'vitest'
import { filterColumn } from './filter-column.js'

const COLUMNS = ['status', 'at', 'deleted_at', 'Odd Name', 'id']

it.each([
  ["status = 'open'", 'status'],
  ["  STATUS = 'open or at'", 'status'],
  ["at > now() - interval '1 day'", 'at'],
  ['deleted_at is null', 'deleted_at'],
  ['"Odd Name" in (1, 2)', 'Odd Name'],
  ['id between 5 and 9', 'id'],
  ['id >= 5', 'id'],
])('an index on one column serves %s', (where, column) => {
  expect(filterColumn(where, COLUMNS)).toBe(column)
})

it.each([
  "lower(status) = 'open'",
  "status = 'open' or id = 5",
  "status = 'open' and id = 5",
  'deleted_at is not null',
  'id <> 5',
  'id in (select id from other)',
  'at < deleted_at',
  "status like 'o%'",
  "nothing = 'open'",
  "not status = 'open'",
  'id = 5 -- or not',
])('none is sure to serve %s', (where) => {
  expect(filterColumn(where, COLUMNS)).toBeUndefined()
})
