import { describe, expect, it } from 'vitest'
import { checkSides, type Engine, runCheck, type Side } from './sides.js'

/** A table in one database against one whose rows are spread over tables of two databases. */
const side = checkSides()

const PAIRS: readonly (readonly [Engine, Engine])[] = [
  ['postgres', 'postgres'],
  ['postgres', 'mariadb'],
  ['mariadb', 'sqlite'],
]
const ROWS = 2_000
const SHARDS = 3

interface Spread extends AsyncDisposable {
  readonly whole: Side
  readonly shards: readonly Side[]
}

/** `whole` has all rows; `part_0` to `part_2` a share of them each, two in the second database. */
async function spread(one: Engine, other: Engine, columns = 'id int primary key, name varchar(40)'): Promise<Spread> {
  const whole = await side(one, 'left')
  const first = await side(other, 'left')
  const second = await side(other, 'right')
  const shards = [first, second, second]
  const rows = Array.from({ length: ROWS }, (_, id) => ({ id, sql: `(${id}, 'name ${id}')` }))
  const fill = async ({ store }: Side, table: string, values: readonly string[]): Promise<void> => {
    await store.run(`drop table if exists ${table}`)
    await store.run(`create table ${table} (${columns})`)
    await store.run(`insert into ${table} values ${values.join(', ')}`)
  }
  await fill(
    whole,
    'whole_table',
    rows.map(({ sql }) => sql),
  )
  for (const [at, shard] of shards.entries())
    await fill(
      shard,
      `part_${at}`,
      rows.filter(({ id }) => id % SHARDS === at).map(({ sql }) => sql),
    )
  return {
    whole,
    shards,
    async [Symbol.asyncDispose]() {
      for (const one of [whole, first, second]) await one[Symbol.asyncDispose]()
    },
  }
}

const parts = ({ shards }: Spread) => shards.map(({ database }, at) => database.table(`part_${at}`))

describe.each(PAIRS)('a table of %s and one spread over databases of %s', (one, other) => {
  it('are the same, whatever is where; and differ where a shard differs, nowhere else', async () => {
    await using all = await spread(one, other)
    const whole = all.whole.database.table('whole_table')
    const same = await runCheck(whole, parts(all))
    expect(same.report).toMatchObject({ verdict: 'same', rows: { left: 2_000n, right: 2_000n } })
    const [first, second, third] = all.shards
    await first?.store.run(`update part_0 set name = 'other' where id = 3`)
    await second?.store.run('delete from part_1 where id = 4')
    await third?.store.run(`insert into part_2 values (9000, 'more')`)
    // A row that moves to another shard is where it was.
    await second?.store.run('delete from part_1 where id = 7')
    await third?.store.run(`insert into part_2 values (7, 'name 7')`)
    const expected = new Map([
      ['3', 'changed'],
      ['4', 'missing-right'],
      ['9000', 'missing-left'],
    ])
    expect((await runCheck(whole, parts(all))).found).toEqual(expected)
    const mirrored = await runCheck(parts(all), whole)
    expect([...mirrored.found.keys()].toSorted()).toEqual([...expected.keys()].toSorted())
  })

  it('give no verdict when a key is in two shards', async () => {
    await using all = await spread(one, other)
    await all.shards[1]?.store.run(`insert into part_1 values (0, 'name 0')`)
    const checking = runCheck(all.whole.database.table('whole_table'), parts(all))
    await expect(checking).rejects.toMatchObject({ code: 'key-repeated', key: expect.stringContaining('right') })
  })
})

describe('a table in shards', () => {
  it('counts copies over all of them when it has no key', async () => {
    await using all = await spread('postgres', 'mariadb', 'id int, name varchar(40)')
    await all.shards[0]?.store.run(`insert into part_0 values (1, 'name 1'), (1, 'name 1')`)
    const whole = all.whole.database.table('whole_table')
    const { differences } = await runCheck(whole, parts(all), { key: 'none' })
    expect(differences).toMatchObject([{ key: ['1', 'name 1'], copies: { left: 1, right: 3 } }])
  })

  it('can be what another table is made like, and cannot be made like it', async () => {
    await using all = await spread('postgres', 'mariadb')
    await all.whole.store.run(`update whole_table set name = 'wrong' where id < 5`)
    const whole = all.whole.database.table('whole_table')
    const repair = { mode: 'apply', delete: false, maxRepairs: 100, confirm: async () => true } as const
    await expect(
      runCheck(whole, parts(all), { check: { repair: { ...repair, side: 'right' } } }),
    ).rejects.toMatchObject({ code: 'repair-unsupported' })
    await runCheck(whole, parts(all), { check: { repair: { ...repair, side: 'left' } } })
    expect((await runCheck(whole, parts(all))).report).toMatchObject({ verdict: 'same' })
  })

  it('is refused when its parts are not alike, are named twice, or are none', async () => {
    await using all = await spread('postgres', 'postgres')
    await using lite = await side('sqlite', 'left')
    const whole = all.whole.database.table('whole_table')
    const [first, second, third] = parts(all)
    if (first === undefined || second === undefined || third === undefined) throw new RangeError('three parts')
    await expect(runCheck(whole, [first, second, first])).rejects.toMatchObject({
      code: 'same-table',
      key: 'flows.same.right',
    })
    await expect(runCheck(whole, [first, second, whole])).rejects.toMatchObject({
      code: 'same-table',
      key: 'flows.same',
    })
    await all.shards[1]?.store.run('alter table part_1 add column more int')
    await expect(runCheck(whole, [first, second, third])).rejects.toMatchObject({ code: 'shards-not-alike' })
    await lite.store.run('drop table if exists part_3')
    await lite.store.run('create table part_3 (id int primary key, label text)')
    await expect(runCheck(whole, [first, lite.database.table('part_3')])).rejects.toMatchObject({
      code: 'shards-not-alike',
    })
    await expect(runCheck(whole, [])).rejects.toMatchObject({ code: 'option-invalid', key: 'check.tables.right' })
  })
})
