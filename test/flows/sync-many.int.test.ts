import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { postgres } from '../../src/adapters/postgres/index.js'
import type { EmbeddedServer } from '../../src/embedded/server.js'
import { sync } from '../../src/flows/sync/sync.js'
import { dedicatedServer, FAST_SETTINGS } from '../support/postgres.js'
import { newestOf, VERSIONED, versionsIn, writeBefore, writeUntil } from '../support/rival-writers.js'
import { attemptsOn, countAttempts, query, someRows, startAfresh, value } from '../support/sql.js'
import { becomeIdentical, type SyncRun, startSync } from '../support/sync-run.js'

/** Three servers that keep what they have acknowledged, so that they can be killed. */
const sides = { a: '', b: '', c: '' }
const servers: EmbeddedServer[] = []
const server = (place: number): EmbeddedServer => {
  const found = servers[place]
  if (found === undefined) throw new Error('no such server')
  return found
}
beforeAll(async () => {
  const settings = { ...FAST_SETTINGS, synchronous_commit: 'on' }
  servers.push(...(await Promise.all([0, 1, 2].map(() => dedicatedServer({ settings })))))
  for (const [place, name] of (['a', 'b', 'c'] as const).entries()) sides[name] = server(place).url()
})
afterAll(() => Promise.all(servers.map((each) => each[Symbol.asyncDispose]())))

const TWO_COLUMNS = 'create table records (id uuid primary key, value text)'
const count = (url: string): Promise<unknown> => value(url, 'select count(*)::int from records')
const counts = (): Promise<unknown[]> => Promise.all(Object.values(sides).map(count))

/** Rows that went in each direction, by its name. */
function sent(run: SyncRun): Record<string, number> {
  const rows: Record<string, number> = {}
  for (const { lane, items } of run.of('batch')) {
    const [name = ''] = lane.split(' ')
    if (items > 0) rows[name] = (rows[name] ?? 0) + items
  }
  return rows
}

/** What went between two answers of `sent`. */
function since(before: Record<string, number>, now: Record<string, number>): Record<string, number> {
  const rows = Object.entries(now).map(([name, items]) => [name, items - (before[name] ?? 0)] as const)
  return Object.fromEntries(rows.filter(([, items]) => items > 0))
}

const ROUNDS = 10

/** Marks begin with the name of the side where the row was made. */
async function attemptsByOrigin(url: string): Promise<Record<string, number>> {
  const origins: Record<string, number> = {}
  for (const [[origin = ''], attempts] of Object.entries(await attemptsOn(url)))
    origins[origin] = (origins[origin] ?? 0) + attempts
  return origins
}

describe('two columns', () => {
  beforeEach(() => startAfresh(sides, TWO_COLUMNS))

  test('a row goes from its side to each other one, and from nowhere else; then it is quiet', async () => {
    await Promise.all(Object.values(sides).map(countAttempts))
    await using run = startSync(sides)
    expect(await run.compared()).toMatchObject({ verdict: 'same', figures: { sides: 3, rows: 0, waiting: 0 } })
    const once = { '1>2': 500, '1>3': 500, '2>1': 600, '2>3': 600, '3>1': 700, '3>2': 700 }
    // Tail and sweep may meet at rows that just came and both bring them, to no effect, some rounds later too: seldom. An
    // echo comes each time.
    const seenOnce = new Set<string>()
    /** As the servers saw it, what was to no effect included: rows of each side came from there, and none came back. */
    const accounted = async (): Promise<void> => {
      const rows = sent(run)
      expect(await Promise.all(Object.values(sides).map(attemptsByOrigin))).toEqual([
        { b: rows['2>1'], c: rows['3>1'] },
        { a: rows['1>2'], c: rows['3>2'] },
        { a: rows['1>3'], b: rows['2>3'] },
      ])
    }
    let before = sent(run)
    for (let round = 1; round <= ROUNDS && seenOnce.size < 6; round++) {
      before = sent(run)
      await Promise.all(
        Object.entries(sides).map(([mark, url], place) => query(url, someRows(`${mark}${round}`, 500 + 100 * place))),
      )
      await expect.poll(counts).toEqual(Array(3).fill(1800 * round))
      await becomeIdentical(sides)
      await vi.waitFor(() => expect(since(before, sent(run))).toEqual(once), { timeout: 2_000 }).catch(() => undefined)
      await vi.waitFor(accounted, { timeout: 40_000 })
      const rows = since(before, sent(run))
      for (const [name, items] of Object.entries(once)) if (rows[name] === items) seenOnce.add(name)
    }
    expect([...seenOnce].sort()).toEqual(Object.keys(once))
    const written = (): Promise<number[]> =>
      Promise.all(Object.values(sides).map(async (url) => Number(await value(url, 'select pg_current_xact_id()'))))
    const [xids, rows] = [await written(), sent(run)]
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    const after = await written()
    expect(sent(run)).toEqual(rows)
    await accounted()
    // Saved positions and the question itself take some; an echo would take hundreds.
    for (const [place, xid] of after.entries()) expect(xid - (xids[place] ?? 0)).toBeLessThan(40)
    expect([...run.of('conflicts'), ...run.of('dead-letters'), ...run.of('retry')]).toEqual([])
    const lanes = `select string_agg(lane, ', ' order by lane) from lockstep.checkpoints where flow = 'mirror'`
    await expect.poll(() => value(sides.c, lanes), { timeout: 10_000 }).toBe('1>3 sweep, 2>3 sweep')
  })

  test('different rows on three sides before the start are merged, and an empty side is filled once', async () => {
    await Promise.all([query(sides.a, someRows('a', 900)), query(sides.b, someRows('b', 1100))])
    await Promise.all([sides.a, sides.b].map((url) => query(url, someRows('both', 500))))
    await using run = startSync(sides, { untilCaughtUp: true })
    await run.ended
    await becomeIdentical(sides, { timeoutMs: 0 })
    expect(await counts()).toEqual([2500, 2500, 2500])
    const { '1>3': one = 0, '2>3': other = 0 } = sent(run)
    expect(Math.min(one, other)).toBe(0)
    expect(run.of('verdict').map(({ verdict }) => verdict)).toEqual(['same'])
    expect(run.of('caught-up')).toHaveLength(1)
    await query(sides.b, someRows('more', 50))
    const between = [postgres(sides.a), postgres(sides.b), postgres(sides.c)] as const
    const checked = await sync({ table: 'records', between }).check?.(
      { name: 'mirror', observer: () => {}, untilCaughtUp: false, ...signals() },
      { settleMs: 10 },
    )
    await Promise.all(between.map((database) => database[Symbol.asyncDispose]()))
    expect(checked).toMatchObject({ verdict: 'different', missingLeft: 50, missingRight: 0 })
    expect(checked?.kind === 'tables' ? checked.notes : []).toEqual([
      expect.stringContaining('50 rows more'),
      expect.stringContaining('the same, 2500 rows'),
    ])
  })

  test('a side that is away keeps nobody waiting but its own directions', { timeout: 120_000 }, async () => {
    await server(2).kill()
    await using run = startSync(sides)
    expect(await run.compared()).toMatchObject({ verdict: 'unverified', figures: { waiting: 2 } })
    const [a, b] = [query(sides.a, someRows('a', 400)), query(sides.b, someRows('b', 300))]
    await Promise.all([a, b])
    await expect.poll(() => Promise.all([count(sides.a), count(sides.b)]), { timeout: 20_000 }).toEqual([700, 700])
    await server(2).start()
    await expect.poll(() => run.of('verdict').at(-1)?.verdict, { timeout: 60_000 }).toBe('same')
    await becomeIdentical(sides)
    // From now on only the ledgers bring rows, and each direction goes on from where it was.
    const verdicts = run.of('verdict').length
    for (const place of [2, 0]) {
      await server(place).kill()
      const others = Object.values(sides).filter((_, at) => at !== place)
      const before = Number(await count(sides.b))
      await Promise.all(others.map((url, at) => query(url, someRows(`without ${place}: ${at}`, 200))))
      await expect.poll(() => Promise.all(others.map(count)), { timeout: 20_000 }).toEqual([before + 400, before + 400])
      await server(place).start()
      await expect.poll(counts, { timeout: 60_000 }).toEqual([before + 400, before + 400, before + 400])
      await becomeIdentical(sides)
    }
    expect(run.of('verdict')).toHaveLength(verdicts)
    expect(run.of('dead-letters')).toEqual([])
  })

  test('what a lost side had brought to one other only comes to the third by comparison', {
    timeout: 120_000,
  }, async () => {
    await using run = startSync(sides, { compareEveryMs: 500 })
    await run.compared()
    await server(2).kill()
    await query(sides.a, someRows('a', 300))
    await expect.poll(() => count(sides.b), { timeout: 20_000 }).toBe(300)
    await server(0).kill()
    await server(2).start()
    await expect.poll(() => count(sides.c), { timeout: 60_000 }).toBe(300)
    await server(0).start()
    await becomeIdentical(sides)
    await expect.poll(() => run.of('verdict').at(-1)?.verdict, { timeout: 60_000 }).toBe('same')
  })

  test('one key with three values: `keep` keeps them and says so, `first` gives all the row of the first', async () => {
    const key = '00000000-0000-0000-0000-00000000000a'
    const insert = (mark: string): string => `insert into records values ('${key}', '${mark}')`
    const values = (): Promise<unknown[]> =>
      Promise.all(Object.values(sides).map((url) => value(url, `select string_agg(value, ' ') from records`)))
    await Promise.all(Object.entries(sides).map(([mark, url]) => query(url, insert(mark))))
    {
      await using run = startSync(sides, { untilCaughtUp: true })
      await run.ended
      expect(run.of('verdict')).toMatchObject([{ verdict: 'different', figures: { conflicting: 3 } }])
      expect(await values()).toEqual(['a', 'b', 'c'])
    }
    await using run = startSync(sides, { conflict: 'first', untilCaughtUp: true })
    await run.ended
    expect(run.of('verdict')).toMatchObject([{ verdict: 'same', figures: { to2: 1, to3: 1 } }])
    expect(await values()).toEqual(['a', 'a', 'a'])
  })
})

describe('a version column', () => {
  beforeEach(() => startAfresh(sides, VERSIONED))

  test('three sides with other versions of each row, that go on writing: they are compared all the same, and in the end the newest is everywhere', async () => {
    const stop = new AbortController()
    const rivals = Object.values(sides).map((url, place) => ({ url, place, pauseMs: 50 }))
    const old = await Promise.all(rivals.map((rival) => writeBefore(rival, 2_000)))
    const writers = rivals.map((rival) => writeUntil(stop.signal, rival))
    await using run = startSync(sides, { version: 'version' })
    await run.compared()
    await expect.poll(() => count(sides.b), { timeout: 60_000 }).toBeGreaterThan(5_000)
    await expect.poll(() => sent(run)['3>1'] ?? 0, { timeout: 60_000 }).toBeGreaterThan(500)
    stop.abort()
    const newest = newestOf([...old, ...(await Promise.all(writers))])
    await becomeIdentical(sides)
    expect(await versionsIn(sides.c)).toEqual(newest)
    expect([...run.of('dead-letters'), ...run.of('verdict').slice(1)]).toEqual([])
  })

  test('writes that lost are recorded, each on a side with the row that won', async () => {
    const key = '00000000-0000-0000-0000-00000000000a'
    for (const [place, url] of [sides.b, sides.c, sides.a].entries())
      await query(url, `insert into records values ('${key}', 'v${place}', ${place})`)
    await using run = startSync(sides, { version: 'version', untilCaughtUp: true })
    await run.ended
    await becomeIdentical(sides, { timeoutMs: 0 })
    expect(await value(sides.b, 'select value from records')).toBe('v2')
    const lost = await query<{ incoming: string[] }>(
      sides.a,
      'select incoming from lockstep.conflicts order by incoming',
    )
    expect(lost.map(({ incoming }) => incoming.includes('v0') || incoming.includes('v1'))).not.toContain(false)
    expect(lost.length).toBeGreaterThan(0)
  })
})

function signals(): { readonly drain: AbortSignal; readonly abort: AbortSignal } {
  return { drain: new AbortController().signal, abort: new AbortController().signal }
}
