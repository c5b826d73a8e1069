import { beforeEach, describe, expect, test } from 'vitest'
import { testDatabase } from '../support/postgres.js'
import { onBoth, query, someRows, startAfresh, value } from '../support/sql.js'
import { becomeIdentical, type SyncRun, startSync } from '../support/sync-run.js'

const sides = { a: testDatabase('a').url, b: testDatabase('b').url }
const TWO_COLUMNS = 'create table records (id uuid primary key, value text)'
const count = 'select count(*)::int from records'

beforeEach(() => startAfresh(sides, TWO_COLUMNS))

async function running(work: (sync: SyncRun) => Promise<void>): Promise<void> {
  await using sync = startSync(sides)
  await sync.compared()
  await query(sides.a, someRows('a', 100))
  await becomeIdentical(sides)
  await work(sync)
}

describe('a table that is changed while it is synced', () => {
  test.each([
    { where: 'left', on: [sides.a] },
    { where: 'right', on: [sides.b] },
    { where: 'both sides', on: [sides.a, sides.b] },
  ])('a column more on $where: the flow stops and says so, and no row is written without it', ({ on }) =>
    running(async (sync) => {
      for (const url of on) await query(url, 'alter table records add column extra text')
      const source = on.includes(sides.a) ? sides.a : sides.b
      await query(source, `insert into records select md5('x' || n)::uuid, 'x', 'extra' from generate_series(1, 50) n`)
      await expect(sync.ended).rejects.toMatchObject({
        code: 'table-changed',
        message: expect.stringContaining('records'),
      })
      const other = source === sides.a ? sides.b : sides.a
      expect(await value(other, `select count(*)::int from records where value = 'x'`)).toBe(0)
      await onBoth(sides, 'alter table records add column if not exists extra text')
      await using again = startSync(sides)
      await again.compared()
      await becomeIdentical(sides)
      expect(await value(other, `select count(*)::int from records where extra = 'extra'`)).toBe(50)
    }),
  )

  test('a column that is dropped, renamed or gets another type: the flow stops', async () => {
    for (const change of ['rename value to text', 'drop column value', 'alter column value type varchar(10)']) {
      await startAfresh(sides, TWO_COLUMNS)
      await running(async (sync) => {
        await query(sides.a, `alter table records ${change}`)
        await query(sides.a, `insert into records (id) values (gen_random_uuid())`)
        await expect(sync.ended, change).rejects.toMatchObject({ exitCode: 2 })
        expect(await value(sides.b, count)).toBe(100)
      })
    }
  })

  test('dropped and made again: waits with red health, then says what to do', () =>
    running(async (sync) => {
      await query(sides.a, 'drop table records')
      await expect.poll(() => sync.of('health').at(-1)).toMatchObject({ healthy: false })
      expect(JSON.stringify(sync.of('health').at(-1))).toContain('records')
      await query(sides.a, TWO_COLUMNS)
      await expect(sync.ended).rejects.toMatchObject({
        code: 'table-changed',
        message: expect.stringContaining('created again'),
      })
      await using again = startSync(sides)
      await again.compared()
      await becomeIdentical(sides)
      expect(await value(sides.a, count)).toBe(100)
    }))

  test('TRUNCATE is a delete of all rows: the other side keeps them, new ones travel, the comparison restores', () =>
    running(async (sync) => {
      await query(sides.a, 'truncate records')
      await query(sides.a, someRows('b', 40))
      await expect.poll(() => value(sides.b, count)).toBe(140)
      await query(sides.b, someRows('c', 40))
      await expect.poll(() => value(sides.a, count)).toBe(80)
      await sync.drain()
      await using again = startSync(sides)
      await again.compared()
      await becomeIdentical(sides)
      expect(await value(sides.a, count)).toBe(180)
    }))
})
