import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { BulkTable } from '../../core/bulk.js'
import { ConfigError, DataError, UnavailableError } from '../../core/errors.js'
import { type LoadEvent, type LoadOptions, loadTables } from './load-tables.js'

/** A table that takes `takesMs` per insert and answers as `answer` says. */
function table(
  database: string,
  answer: (rows: number, nth: number) => number | Error = (rows) => rows,
  takesMs = 1,
): BulkTable & { readonly asked: number[] } {
  const asked: number[] = []
  return {
    database,
    name: 'public.records',
    asked,
    async insertRandom(rows) {
      asked.push(rows)
      await new Promise((resolve) => setTimeout(resolve, takesMs))
      const answered = answer(rows, asked.length)
      if (typeof answered !== 'number') throw answered
      return answered
    },
  }
}

const unavailable = new UnavailableError('connection-lost', 'gone')
const refused = new DataError('check-violation', 'refused')

describe('loadTables', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  const start = (options: Omit<LoadOptions, 'drain' | 'abort'>) => {
    const drain = new AbortController()
    const abort = new AbortController()
    const ended = loadTables({ ...options, drain: drain.signal, abort: abort.signal })
    // Awaited later; a failure before that is not unhandled.
    ended.catch(() => undefined)
    return { ended, drain, abort }
  }

  it('inserts exactly the rows asked for, the last batch being what is left', async () => {
    const only = table('a')
    const { ended } = start({ tables: [only], rows: 2_500 })
    await vi.advanceTimersByTimeAsync(100)
    expect(await ended).toMatchObject({ rows: 2_500, errors: 0 })
    expect(only.asked).toEqual([1_000, 1_000, 500])
  })

  it('goes on when an insert stored fewer rows than it was given', async () => {
    const only = table('a', (rows, nth) => (nth === 1 ? rows - 7 : rows))
    const { ended } = start({ tables: [only], rows: 100, batch: 50 })
    await vi.advanceTimersByTimeAsync(100)
    expect((await ended).rows).toBe(100)
    expect(only.asked).toEqual([50, 50, 7])
  })

  it('picks its table anew for each insert', async () => {
    const tables = [table('a'), table('b'), table('c')]
    const { ended } = start({ tables, rows: 300, batch: 1 })
    await vi.advanceTimersByTimeAsync(1_000)
    const { perDatabase } = await ended
    // 300 throws of a fair die miss one of three sides 60 times with a probability below 1e-6.
    for (const { rows } of perDatabase) expect(rows).toBeGreaterThan(60)
    expect(perDatabase.reduce((sum, { rows }) => sum + rows, 0)).toBe(300)
  })

  it('ends after the given seconds', async () => {
    const { ended } = start({ tables: [table('a', undefined, 10)], seconds: 2 })
    await vi.advanceTimersByTimeAsync(1_990)
    const over = vi.fn()
    void ended.then(over)
    await vi.advanceTimersByTimeAsync(0)
    expect(over).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(20)
    expect((await ended).rows).toBe(200 * 1_000)
  })

  it('stays below the rate, over all tables', async () => {
    const { ended } = start({ tables: [table('a'), table('b')], rate: 5_000, seconds: 10 })
    await vi.advanceTimersByTimeAsync(11_000)
    const { rows } = await ended
    expect(rows).toBeGreaterThan(49_000)
    expect(rows).toBeLessThanOrEqual(51_000)
  })

  it('finishes the insert under way when it is drained, and begins no other', async () => {
    const only = table('a', undefined, 100)
    const { ended, drain } = start({ tables: [only] })
    await vi.advanceTimersByTimeAsync(150)
    drain.abort()
    await vi.advanceTimersByTimeAsync(50)
    expect(await ended).toMatchObject({ rows: 2_000 })
    expect(only.asked).toHaveLength(2)
  })

  it('tries again after a failure that passes, counts it, and tells of it', async () => {
    const events: LoadEvent[] = []
    const flaky = table('a', (rows, nth) => (nth <= 3 ? unavailable : rows))
    const { ended } = start({ tables: [flaky], rows: 1_000, observe: (event) => events.push(event) })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await ended).toMatchObject({
      rows: 1_000,
      errors: 3,
      perDatabase: [{ database: 'a', rows: 1_000, errors: 3 }],
    })
    expect(events.map(({ type }) => type)).toEqual(['retry', 'retry', 'retry', 'batch'])
  })

  it('keeps loading the other tables while one is away, and leaves that one alone for a while', async () => {
    const away = table('a', () => unavailable)
    const there = table('b')
    const { ended } = start({ tables: [away, there], seconds: 10 })
    await vi.advanceTimersByTimeAsync(11_000)
    expect((await ended).rows).toBeGreaterThan(9_000 * 1_000)
    expect(away.asked.length).toBeLessThan(60)
  })

  it.each([
    {
      problem: 'a mistake in the config',
      error: new ConfigError({ code: 'x', key: 'k', message: 'm', fix: 'f' }),
      times: 1,
    },
    { problem: 'what it does not know', error: new TypeError('bug'), times: 1 },
    { problem: 'a table that refuses five batches in a row', error: refused, times: 5 },
  ])('gives up on $problem', async ({ error, times }) => {
    const only = table('a', () => error)
    const { ended } = start({ tables: [only] })
    await vi.advanceTimersByTimeAsync(1_000)
    await expect(ended).rejects.toBe(error)
    expect(only.asked).toHaveLength(times)
  })

  it('forgives a refused batch now and then', async () => {
    const only = table('a', (rows, nth) => (nth % 2 === 0 ? refused : rows))
    const { ended } = start({ tables: [only], rows: 20_000 })
    await vi.advanceTimersByTimeAsync(1_000)
    expect(await ended).toMatchObject({ rows: 20_000, errors: 19 })
  })

  it('says so when a unique column has no room left', async () => {
    const { ended } = start({ tables: [table('a', () => 0)] })
    await vi.advanceTimersByTimeAsync(1_000)
    await expect(ended).rejects.toMatchObject({ code: 'load-table-full' })
  })
})
