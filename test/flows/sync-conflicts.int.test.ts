import { beforeEach, describe, expect, test } from 'vitest'
import { ownSides, plainClient } from '../support/postgres.js'
import { query, startAfresh, value } from '../support/sql.js'
import { becomeIdentical, startSync } from '../support/sync-run.js'

const sides = ownSides()
const [x, y] = ['00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-00000000000b']

interface Recorded {
  readonly decision: string
  readonly key: readonly string[]
  readonly incoming: readonly string[]
  readonly existing: readonly string[]
  readonly times: number
}

/** What both sides have recorded; a side without a table of conflicts has recorded none. */
async function recorded(): Promise<Recorded[]> {
  const each = [sides.a, sides.b].map(async (url) => {
    if ((await value(url, `select to_regclass('lockstep.conflicts')`)) === null) return []
    return query<Recorded>(
      url,
      'select decision, key, incoming, existing, times::int from lockstep.conflicts order by key',
    )
  })
  return (await Promise.all(each)).flat()
}

const valuesOf = (url: string): Promise<unknown> => value(url, `select string_agg(value, ' ' order by id) from records`)

describe('one key with different values on both sides at the start', () => {
  beforeEach(async () => {
    await startAfresh(sides, 'create table records (id uuid primary key, value text)')
    await query(sides.a, `insert into records values ('${x}', 'left'), ('${y}', 'same')`)
    await query(sides.b, `insert into records values ('${x}', 'right'), ('${y}', 'same')`)
  })

  test.each([
    { conflict: 'keep', a: 'left same', b: 'right same', decision: 'kept-both' },
    { conflict: 'left', a: 'left same', b: 'left same', decision: 'took-incoming' },
    { conflict: 'right', a: 'right same', b: 'right same', decision: 'took-incoming' },
  ] as const)('$conflict: is settled by the policy and recorded once', async ({ conflict, a, b, decision }) => {
    await using sync = startSync(sides, { conflict })
    const verdict = await sync.compared()
    expect([await valuesOf(sides.a), await valuesOf(sides.b)]).toEqual([a, b])
    expect(verdict.verdict).toBe(conflict === 'keep' ? 'different' : 'same')
    expect(await recorded()).toMatchObject([{ decision, key: [x], times: 1 }])
    const [{ incoming = [], existing = [] } = {}] = await recorded()
    expect([incoming[1], existing[1]].sort()).toEqual(['left', 'right'])
  })

  test('keep: the same conflict is not recorded anew by the next comparison, only counted', async () => {
    await using sync = startSync(sides, { compareEveryMs: 200 })
    await expect.poll(() => sync.of('verdict').length).toBeGreaterThan(2)
    expect(await recorded()).toMatchObject([{ decision: 'kept-both', key: [x] }])
  })
})

describe('one key inserted on both sides at the same time', () => {
  test.each([
    { conflict: 'keep', decision: 'kept-both' },
    { conflict: 'left', decision: 'took-incoming', kept: 'left' },
    { conflict: 'right', decision: 'took-incoming', kept: 'right' },
  ] as const)('$conflict: is recorded', async ({ conflict, decision, ...expected }) => {
    await startAfresh(sides, 'create table records (id uuid primary key, value text)')
    await using sync = startSync(sides, { conflict })
    await sync.compared()
    {
      await using right = await plainClient(sides.b)
      await right.query('begin')
      await right.query(`insert into records values ('${x}', 'right')`)
      await query(sides.a, `insert into records values ('${x}', 'left')`)
      // The tool's insert waits for ours.
      await expect.poll(() => value(sides.b, 'select count(*)::int from pg_locks where not granted')).toBeGreaterThan(0)
      await right.query('commit')
    }
    await expect.poll(async () => (await recorded()).map((each) => each.decision)).toContain(decision)
    if ('kept' in expected) {
      await becomeIdentical(sides)
      expect(await valuesOf(sides.a)).toBe(expected.kept)
    } else expect([await valuesOf(sides.a), await valuesOf(sides.b)]).toEqual(['left', 'right'])
  })
})

describe('a version column', () => {
  beforeEach(() =>
    startAfresh(sides, 'create table records (id uuid primary key, value text, version bigint not null)'),
  )

  test('updates travel both ways, and a chain of them ends with the last', async () => {
    await using sync = startSync(sides, { version: 'version' })
    await sync.compared()
    await query(sides.a, `insert into records select md5(n::text)::uuid, 'new', 1 from generate_series(1, 500) n`)
    await becomeIdentical(sides)
    for (let version = 2; version <= 9; version++) {
      const side = version % 2 === 0 ? sides.b : sides.a
      await query(side, `update records set value = 'version ${version}', version = ${version}`)
      await becomeIdentical(sides)
    }
    expect(await value(sides.a, 'select min(value) || max(value) from records')).toBe('version 9version 9')
    expect(await recorded()).toEqual([])
  })

  test('at the start the newer row wins, whichever side has it, and the older one is recorded', async () => {
    await query(sides.a, `insert into records values ('${x}', 'old', 1), ('${y}', 'new', 8)`)
    await query(sides.b, `insert into records values ('${x}', 'new', 2), ('${y}', 'old', 7)`)
    await using sync = startSync(sides, { version: 'version' })
    await sync.compared()
    await becomeIdentical(sides)
    expect(await valuesOf(sides.a)).toBe('new new')
    expect(await recorded()).toMatchObject([
      { decision: 'kept-existing', incoming: [y, 'old', '7'], existing: [y, 'new', '8'], times: 1 },
      { decision: 'kept-existing', incoming: [x, 'old', '1'], existing: [x, 'new', '2'], times: 1 },
    ])
  })

  test('a write that lost against a newer one is in the table of conflicts', async () => {
    await query(sides.a, `insert into records values ('${x}', 'first', 1)`)
    await using sync = startSync(sides, { version: 'version' })
    await sync.compared()
    {
      await using right = await plainClient(sides.b)
      await right.query('begin')
      await right.query(`update records set value = 'winner', version = 9`)
      await query(sides.a, `update records set value = 'loser', version = 5`)
      await expect.poll(() => value(sides.b, 'select count(*)::int from pg_locks where not granted')).toBeGreaterThan(0)
      await right.query('commit')
    }
    await becomeIdentical(sides)
    expect(await valuesOf(sides.a)).toBe('winner')
    expect(await recorded()).toMatchObject([
      { decision: 'kept-existing', incoming: [x, 'loser', '5'], existing: [x, 'winner', '9'], times: 1 },
    ])
  })

  test('equal versions with different values are kept and reported, not overwritten', async () => {
    await query(sides.a, `insert into records values ('${x}', 'left', 3)`)
    await query(sides.b, `insert into records values ('${x}', 'right', 3)`)
    await using sync = startSync(sides, { version: 'version' })
    await sync.compared()
    expect([await valuesOf(sides.a), await valuesOf(sides.b)]).toEqual(['left', 'right'])
    expect(sync.of('verdict')[0]).toMatchObject({ verdict: 'different', figures: { conflicting: 1 } })
    expect((await recorded()).map((each) => each.decision)).toContain('kept-both')
  })
})
