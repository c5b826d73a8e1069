import { describe, expect, it } from 'vitest'
import { singleSelect } from './single-select.js'

const POSTGRES = { backslash: false, dollar: true, hash: false }
const MYSQL = { backslash: true, dollar: false, hash: true }
const where = { label: 'postgres://host/app' }

describe('a single SELECT', () => {
  it.each([
    ['select 1', 'select 1'],
    ['  SELECT a, ";" from t;  ', 'SELECT a, ";" from t'],
    ["select 'it''s; fine', E'\\'; x', $$ ; $$, $a$ ; $$ ; $a$ -- ; \n from t", undefined],
    ['with x as (select 1) select * from x', undefined],
    ['(select 1) union (select 2)', undefined],
    ['values (1), (2)', undefined],
    ['/* ; */ select 1', undefined],
  ])('takes %s', (text, expected) => {
    expect(singleSelect(text, POSTGRES, where)).toBe(expected ?? text)
  })

  it.each([
    '',
    'delete from t',
    'select 1; delete from t',
    "select 'a' ; select 2",
    "select 'open",
    'select 1 /* open',
    "select 'a\\'; commit; drop table t --'",
    'selection',
    'explain select 1',
  ])('refuses %s', (text) => {
    expect(() => singleSelect(text, POSTGRES, where)).toThrow(expect.objectContaining({ code: 'query-invalid' }))
  })

  it('knows that MySQL takes a character after a backslash, and comments after #', () => {
    expect(singleSelect("select 'a\\'; b' # ; x", MYSQL, where)).toBe("select 'a\\'; b' # ; x")
    expect(() => singleSelect("select 'a\\'' ; b'", MYSQL, where)).toThrow(
      expect.objectContaining({ code: 'query-invalid' }),
    )
  })
})
