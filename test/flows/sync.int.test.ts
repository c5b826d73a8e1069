import { beforeEach, describe, expect, test } from 'vitest'
import { ownSides } from '../support/postgres.js'
import { onBoth, query, someRows, startAfresh, value } from '../support/sql.js'
import { becomeIdentical, type SyncRun, startSync } from '../support/sync-run.js'

const sides = ownSides()
const TWO_COLUMNS = 'create table records (id uuid primary key, value text)'
const count = 'select count(*)::int from records'

beforeEach(() => startAfresh(sides, TWO_COLUMNS))

describe('two columns', () => {
  test('rows travel both ways, and nothing is reported', async () => {
    await using sync = startSync(sides)
    await sync.compared()
    await Promise.all([query(sides.a, someRows('a', 700)), query(sides.b, someRows('b', 700))])
    await becomeIdentical(sides)
    await query(sides.b, `begin; ${someRows('c', 3)}; savepoint s; ${someRows('d', 3)}; rollback to s; commit`)
    await expect.poll(() => value(sides.a, count)).toBe(1403)
    await becomeIdentical(sides)
    await sync.drain()
    expect([...sync.of('conflicts'), ...sync.of('dead-letters'), ...sync.of('retry')]).toEqual([])
  })

  test('different rows on both sides before the start are merged', async () => {
    await Promise.all([query(sides.a, someRows('a', 900)), query(sides.b, someRows('b', 1100))])
    await onBoth(sides, someRows('both', 500))
    await using sync = startSync(sides)
    expect(await sync.compared()).toMatchObject({ verdict: 'same', figures: { toLeft: 1100, toRight: 900 } })
    await becomeIdentical(sides)
    expect(await value(sides.a, count)).toBe(2500)
  })

  test('an empty side is filled with 200,000 rows while new ones come', async () => {
    await query(sides.a, someRows('a', 200_000))
    await using sync = startSync(sides)
    await query(sides.b, someRows('b', 1_000))
    await sync.compared()
    await query(sides.a, someRows('c', 1_000))
    await expect.poll(() => value(sides.b, count), { timeout: 60_000 }).toBe(202_000)
    await becomeIdentical(sides)
  })

  test('until caught up: ends by itself once all that was committed before is on the other side', async () => {
    await Promise.all([query(sides.a, someRows('a', 5_000)), query(sides.b, someRows('b', 3_000))])
    for (const rows of [8_000, 10_000]) {
      await using sync = startSync(sides, { untilCaughtUp: true })
      await sync.ended
      expect(sync.of('caught-up')).toHaveLength(1)
      await becomeIdentical(sides, { timeoutMs: 0 })
      expect(await value(sides.a, count)).toBe(rows)
      await query(sides.a, someRows(`then ${rows}`, 2_000))
    }
  })

  test('what was saved is used: a run that was cut off does not have its rows read again', async () => {
    const floor = `select position::json->>'floor' from lockstep.checkpoints where lane = 'sweep'`
    const sent = (run: SyncRun): number =>
      run.of('batch').reduce((sum, { lane, items }) => sum + (lane.startsWith('>') ? items : 0), 0)
    {
      await using first = startSync(sides)
      await first.compared()
      const before = Number(await value(sides.a, 'select pg_current_xact_id()'))
      await query(sides.a, someRows('a', 5_000))
      await expect.poll(async () => Number(await value(sides.b, floor))).toBeGreaterThan(before + 1)
      expect(sent(first)).toBeGreaterThanOrEqual(5_000)
    }
    await query(sides.a, someRows('b', 10))
    await using second = startSync(sides, { untilCaughtUp: true })
    await second.ended
    await becomeIdentical(sides, { timeoutMs: 0 })
    expect(sent(second)).toBeLessThan(1_000)
  })

  test('a quiet pair stays quiet: no echo, hardly a transaction', async () => {
    await Promise.all([query(sides.a, someRows('a', 2_000)), query(sides.b, someRows('b', 2_000))])
    await using sync = startSync(sides)
    await sync.compared()
    await query(sides.a, someRows('c', 2_000))
    await becomeIdentical(sides)
    const written = async (): Promise<number[]> =>
      Promise.all([sides.a, sides.b].map(async (url) => Number(await value(url, 'select pg_current_xact_id()'))))
    const [batches, before] = [sync.of('batch').filter(({ items }) => items > 0).length, await written()]
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    const after = await written()
    expect(sync.of('batch').filter(({ items }) => items > 0)).toHaveLength(batches)
    // The question itself takes an id, other tests may take some; an echo would take hundreds.
    expect(after.map((xid, side) => xid - (before[side] ?? 0))).toEqual([expect.toSatisfy(few), expect.toSatisfy(few)])
  })
})

const few = (ids: number): boolean => ids < 200

describe('deletes', () => {
  test('do not travel; the comparison puts the rows back and says so', async () => {
    await onBoth(sides, someRows('both', 100))
    await using sync = startSync(sides, { compareEveryMs: 500 })
    await sync.compared()
    await query(sides.a, 'delete from records where id in (select id from records limit 7)')
    await expect.poll(() => value(sides.a, count)).toBe(100)
    await becomeIdentical(sides)
    await expect.poll(() => sync.of('verdict').reduce((sum, { figures }) => sum + (figures['toLeft'] ?? 0), 0)).toBe(7)
    expect(sync.of('verdict').find(({ figures }) => figures['toLeft'] !== 0)?.detail).toContain('repaired')
  })
})
