import { describe, expect, it } from 'vitest'
import { checkSides, type Engine, runCheck, type Side } from './sides.js'

/** Which rows are compared, and what tells them apart: filters, queries, tables without a key, samples. */
const side = checkSides()

const PAIRS: readonly (readonly [Engine, Engine])[] = [
  ['postgres', 'postgres'],
  ['mariadb', 'postgres'],
  ['sqlite', 'mariadb'],
  ['postgres', 'sqlite'],
]

const LARGE = 'x'.repeat(40_000)

async function make({ store, engine }: Side, table: string, columns: string, rows: readonly string[]): Promise<void> {
  await store.run(`drop table if exists ${table}`)
  const text = engine === 'mariadb' ? 'mediumtext' : 'text'
  await store.run(`create table ${table} (${columns.replaceAll('TEXT', text)})`)
  if (rows.length > 0) await store.run(`insert into ${table} values ${rows.map((row) => `(${row})`).join(', ')}`)
}

describe.each(PAIRS)('%s and %s', (one, other) => {
  it('compare the rows that a filter lets through, in every pass', async () => {
    await using left = await side(one, 'left')
    await using right = await side(other, 'right')
    const rows = Array.from({ length: 300 }, (_, id) => `${id}, 'n${id}', ${id % 3}`)
    for (const at of [left, right]) await make(at, 'filtered', 'id int primary key, name varchar(20), gone int', rows)
    await right.store.run('update filtered set name = upper(name) where gone = 1')
    await right.store.run('delete from filtered where id in (2, 5)')
    await right.store.run('update filtered set gone = 1 where id = 3')
    await left.store.run(`update filtered set name = 'left' where id = 6`)
    const tables = [left.database.table('filtered'), right.database.table('filtered')] as const
    const live = await runCheck(...tables, { where: 'gone = 0 -- only live rows' })
    expect(live.found).toEqual(
      new Map([
        ['3', 'missing-right'],
        ['6', 'changed'],
      ]),
    )
    expect(live.report).toMatchObject({ rows: { left: 100n, right: 99n }, verdict: 'different' })
    const sides = await runCheck(...tables, { where: { left: 'gone = 2 and id not in (2, 5)', right: 'gone = 2' } })
    expect(sides.report).toMatchObject({ rows: { left: 98n, right: 98n }, verdict: 'same' })
    await expect(runCheck(...tables, { where: { right: 'no_such = 1' } })).rejects.toMatchObject({
      code: 'where-invalid',
      key: expect.stringContaining('filtered.where'),
    })
  })

  it('compare a table with a query, and a query with a query', async () => {
    await using left = await side(one, 'left')
    await using right = await side(other, 'right')
    const orders = Array.from(
      { length: 400 },
      (_, id) => `${id}, '2024-01-${String((id % 20) + 1).padStart(2, '0')}', ${id}`,
    )
    await make(right, 'sold', 'id int primary key, day date not null, amount int', orders)
    await make(left, 'daily', 'day date primary key, total decimal(12, 0), n bigint', [])
    for (let day = 1; day <= 20; day++) {
      const total = Array.from({ length: 20 }, (_, turn) => day - 1 + 20 * turn).reduce((sum, id) => sum + id, 0)
      await left.store.run(`insert into daily values ('2024-01-${String(day).padStart(2, '0')}', ${total}, 20)`)
    }
    const daily = left.database.table('daily')
    const text = 'select day, sum(amount) as total, count(*) as n from sold group by day;'
    const query = right.database.query(text, { key: ['day'] })
    expect((await runCheck(daily, query)).report).toMatchObject({ verdict: 'same', rows: { left: 20n, right: 20n } })
    await left.store.run(`update daily set total = total + 1 where day = '2024-01-07'`)
    await right.store.run(`delete from sold where day = '2024-01-09'`)
    const expected = new Map([
      ['2024-01-07', 'changed'],
      ['2024-01-09', 'missing-right'],
    ])
    expect((await runCheck(daily, query)).found).toEqual(expected)
    const again = left.database.query('select day, total + 0 as total, n as n from daily', { key: ['day'] })
    expect((await runCheck(again, query)).found).toEqual(expected)
    expect((await runCheck(again, query, { where: `n > 20` })).report).toMatchObject({ verdict: 'same' })
  })

  it('refuse a query whose key repeats, is NULL, is unknown or missing, and what is no SELECT', async () => {
    await using left = await side(one, 'left')
    await using right = await side(other, 'right')
    for (const at of [left, right]) await make(at, 'keyed', 'id int primary key, k int', ['1, 7', '2, 7', '3, null'])
    const table = left.database.query('select id as k from keyed', { key: ['k'] })
    const asked = (text: string, key?: readonly string[]) => runCheck(table, right.database.query(text, key && { key }))
    await expect(asked('select k from keyed where k is not null', ['k'])).rejects.toMatchObject({
      code: 'key-repeated',
    })
    await expect(asked('select k from keyed where id > 1', ['k'])).rejects.toMatchObject({ code: 'key-null' })
    await expect(asked('select k from keyed', ['key'])).rejects.toMatchObject({ code: 'column-missing' })
    await expect(asked('select k from keyed')).rejects.toMatchObject({ code: 'key-missing' })
    await expect(asked('select nothing from keyed', ['k'])).rejects.toMatchObject({ code: 'query-invalid' })
    // SQLite gives the second one another name, which the other side has not.
    const twice = other === 'sqlite' ? 'tables-not-comparable' : 'query-invalid'
    await expect(asked('select id as k, id as k from keyed', ['k'])).rejects.toMatchObject({ code: twice })
    expect(() => right.database.query('delete from keyed')).toThrow(expect.objectContaining({ code: 'query-invalid' }))
    expect(() => right.database.query('select 1; delete from keyed')).toThrow(
      expect.objectContaining({ code: 'query-invalid' }),
    )
  })

  it('compare tables without a key by how often they have each row', async () => {
    await using left = await side(one, 'left')
    await using right = await side(other, 'right')
    const rows = Array.from({ length: 3_000 }, (_, at) => `${at % 500}, ${at % 7 === 0 ? 'null' : `'v${at % 500}'`}`)
    const special = [`null, null`, `null, null`, `1000, 'once'`, `1001, '${LARGE}'`, `1001, '${LARGE}'`, `1002, 'a'`]
    for (const at of [left, right]) await make(at, 'heap', 'n int, v TEXT', [...rows, ...special])
    const tables = [left.database.table('heap'), right.database.table('heap')] as const
    await expect(runCheck(...tables)).rejects.toMatchObject({ name: 'ConfigError' })
    const same = await runCheck(...tables, { key: 'none' })
    expect(same.report).toMatchObject({ verdict: 'same', copies: 0, keyColumns: [], rows: { left: 3_006n } })

    await left.store.run(`insert into heap values (null, null), (1000, 'once')`)
    await right.store.run(`delete from heap where n = 1001`)
    await right.store.run(`update heap set v = 'A' where n = 1002`)
    await right.store.run(`insert into heap values (2000, null)`)
    const { differences, report } = await runCheck(...tables, { key: 'none' })
    const copies = differences.map((one) => (one.kind === 'copies' ? { row: one.key, ...one.copies } : undefined))
    const sorted = copies.sort((a, b) => JSON.stringify(a?.row).localeCompare(JSON.stringify(b?.row)))
    expect(sorted).toEqual([
      { row: ['1000', 'once'], left: 2, right: 1 },
      { row: ['1001', LARGE], left: 2, right: 0 },
      { row: ['1002', 'a'], left: 1, right: 0 },
      { row: ['1002', 'A'], left: 0, right: 1 },
      { row: ['2000', null], left: 0, right: 1 },
      { row: [null, null], left: 3, right: 2 },
    ])
    expect(report).toMatchObject({ verdict: 'different', copies: 6, missingLeft: 0, missingRight: 0, changed: 0 })
    const queries = [left.database.query('select n from heap'), right.database.query('select n from heap')] as const
    expect((await runCheck(...queries, { key: 'none', where: 'n < 1000' })).report).toMatchObject({ verdict: 'same' })
  })

  it('compare a share of the rows, the same on both sides, and others with another seed', async () => {
    await using left = await side(one, 'left')
    await using right = await side(other, 'right')
    const rows = Array.from({ length: 1_600 }, (_, id) => `${id}, 'v'`)
    for (const at of [left, right]) await make(at, 'many', 'id int primary key, v varchar(9)', rows)
    await right.store.run(`update many set v = 'w'`)
    const found = new Set<string>()
    let covered = 0n
    for (const seed of [0, 1, 2, 3]) {
      const { report, differences } = await runCheck(left.database.table('many'), right.database.table('many'), {
        sample: { share: 0.25, seed },
      })
      expect(report).toMatchObject({ verdict: 'different', sample: { share: 0.25, seed } })
      expect(report.rows.left).toBe(report.rows.right)
      expect(BigInt(differences.length), 'every row of the sample differs').toBe(report.rows.left)
      covered += report.rows.left
      for (const { key } of differences) found.add(key.join())
    }
    expect(covered).toBe(1_600n)
    expect(found.size, 'four quarters are all').toBe(1_600)
    const small = await runCheck(left.database.table('many'), right.database.table('many'), {
      check: { sample: { share: 0.01 } },
      sample: 0.5,
    })
    expect(small.report.rows.left).toBeLessThan(60n)
    const wrong = runCheck(left.database.table('many'), right.database.table('many'), { sample: 1.5 })
    await expect(wrong).rejects.toMatchObject({ code: 'option-invalid', key: 'flows.same.sample' })
  })
})
