import type { Client } from '@libsql/client'
import { check } from 'lockstep'
import type { RepairSql } from 'lockstep/client'
import { sqlite } from 'lockstep/sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DatabaseFile } from '../adapters/sqlite/file.js'
import { servedChecks } from './served-checks.js'

const files: DatabaseFile[] = []
beforeAll(async () => {
  files.push(await DatabaseFile.make(), await DatabaseFile.make())
})
afterAll(async () => {
  for (const file of files) await file[Symbol.asyncDispose]()
})

/** Both files, by bare clients and by checks behind the API. */
function opened() {
  const [one, other] = files
  if (one === undefined || other === undefined) return expect.fail('no files')
  const clients = { left: one.client(), right: other.client() }
  const [left, right] = [sqlite(one.path), sqlite(other.path)]
  const same = check.tables({ left: left.table('t'), right: right.table('t'), settleMs: 1 })
  const counts = check.references({
    master: left.table('blobs').column('uses'),
    references: [right.table('refs').column('blob')],
    settleMs: 1,
  })
  return {
    ...clients,
    ...servedChecks({ same, counts }),
    databases: { left, right },
    async [Symbol.asyncDispose]() {
      clients.left.close()
      clients.right.close()
      await left[Symbol.asyncDispose]()
      await right[Symbol.asyncDispose]()
    },
  }
}

async function fill({ left, right }: { left: Client; right: Client }): Promise<void> {
  for (const client of [left, right]) {
    await client.executeMultiple(`drop table if exists t; create table t (id integer primary key, v text, w text);
      insert into t values (1, 'a', 'x'), (2, 'b', 'x'), (3, 'c', 'x'), (4, 'd', 'x')`)
  }
  await left.execute(`insert into t values (5, 'only left''s', null)`)
  await right.executeMultiple(`update t set v = 'wrong' where id in (2, 3); insert into t values (9, 'z', 'z')`)
}

const rows = async (client: Client, query = 'select * from t order by id'): Promise<readonly unknown[]> =>
  (await client.execute(query)).rows.map((row) => Object.values({ ...row }))

const statements = ({ sql }: RepairSql): readonly string[] =>
  sql.split('\n').filter((line) => /^(insert|update|delete)/i.test(line))

describe('repair SQL of a run', () => {
  it('makes one side like the other when somebody runs it, from the rows of now, and has run nothing itself', async () => {
    await using both = opened()
    await fill(both)
    const run = await both.check('same')
    await both.left.execute(`update t set v = 'newer' where id = 2`)
    await both.right.execute(`update t set v = 'c' where id = 3`)
    const before = [await rows(both.left), await rows(both.right)]
    const made = await both.client.repairSql('same', run, { side: 'right' })
    expect([await rows(both.left), await rows(both.right)]).toEqual(before)
    expect(made).toMatchObject({
      side: 'right',
      statements: 2,
      findings: 4,
      changedMeanwhile: 1,
      complete: true,
      command: 'lockstep check same --repair sql --side right',
      left: [{ count: 1, reason: expect.stringContaining('only this side has the row') }],
    })
    expect(made.sql).toContain(`run ${run} of check same`)
    await both.right.executeMultiple(made.sql)
    expect(await rows(both.right, 'select * from t where id <> 9 order by id')).toEqual(await rows(both.left))
    const deleting = await both.client.repairSql('same', run, { side: 'right', delete: true })
    expect(statements(deleting)).toEqual([expect.stringMatching(/^delete/i)])
    await both.right.executeMultiple(deleting.sql)
    expect(await rows(both.right)).toEqual(await rows(both.left))
  })

  it('sets stored numbers to what refers to them now', async () => {
    await using both = opened()
    await both.left.executeMultiple(`drop table if exists blobs; create table blobs (id integer primary key, uses integer);
      insert into blobs values (1, 1), (2, 7), (3, 1), (4, 0)`)
    await both.right.executeMultiple(`drop table if exists refs; create table refs (id integer primary key, blob integer);
      insert into refs values (1, 1), (2, 2), (3, 2), (4, 77)`)
    const run = await both.check('counts')
    await both.left.execute('update blobs set uses = 0 where id = 3')
    await both.right.execute('insert into refs values (5, 2)')
    const made = await both.client.repairSql('counts', run)
    expect(made).toMatchObject({
      side: 'stored',
      statements: 1,
      findings: 3,
      changedMeanwhile: 1,
      complete: true,
      left: [{ count: 1, reason: expect.stringContaining('never repaired') }],
    })
    await both.left.executeMultiple(made.sql)
    const wrong = await rows(both.left, 'select id from blobs where id = 2 and uses <> 3')
    expect(wrong).toEqual([])
    await expect(both.client.repairSql('counts', run, { side: 'left' })).rejects.toMatchObject({ code: 'repair-side' })
  })

  it('refuses keys of a check that compares something else by now, and a side that is not said', async () => {
    await using both = opened()
    await fill(both)
    const run = await both.check('same')
    const { left, right } = both.databases
    const other = check.tables({ left: left.table('t'), right: right.table('t'), where: 'id < 3' })
    const client = both.serve({ same: other })
    await expect(client.repairSql('same', run, { side: 'right' })).rejects.toMatchObject({
      status: 422,
      code: 'check-changed',
    })
    await expect(both.client.repairSql('same', run)).rejects.toMatchObject({ status: 400, code: 'repair-side' })
    await expect(both.client.repairSql('same', 'none', { side: 'left' })).rejects.toMatchObject({ status: 404 })
  })

  it('takes as many findings as an answer may have, and says that there are more', async () => {
    await using both = opened()
    await fill(both)
    const series = (from: number, to: number): string =>
      `with recursive n(i) as (select ${from} union all select i + 1 from n where i < ${to})`
    await both.left.execute(`insert into t ${series(100, 1_400)} select i, 'many', null from n`)
    await both.left.execute(`update t set v = printf('%.*c', 200000, 'x') where id = 4`)
    const run = await both.check('same')
    const made = await both.client.repairSql('same', run, { side: 'right' })
    expect(made).toMatchObject({ findings: 1_000, complete: false })
    expect(made.sql.length).toBeLessThan(1_500_000)
    expect(made.sql).not.toContain('x'.repeat(1_000))
    expect(statements(made)).toHaveLength(made.statements)
    await both.right.executeMultiple(made.sql)
    expect(await rows(both.right, 'select count(*) from t where id >= 100')).not.toEqual([[0n]])
  })
})
