import { type CachedVersion, type CacheEntry, ConfigError, ingest, UnavailableError, type VersionCache } from 'lockstep'
import { memoryStream } from 'lockstep/memory'
import { afterEach, describe, expect, it } from 'vitest'
import { armFailpoint } from '../../src/core/failpoint.js'
import { ofType, Quote, runToEnd, subject } from './ingest-subject.js'

class TestCache implements VersionCache {
  readonly label = 'memory://cache'
  readonly known = new Map<string, CachedVersion>()
  loads = 0
  disposed = 0
  mode: 'works' | 'fails' | 'hangs' | 'missing' = 'works'

  async load(keys: readonly string[]): Promise<readonly (CachedVersion | undefined)[]> {
    this.loads++
    await this.#answer()
    return keys.map((key) => this.known.get(key))
  }

  async remember(entries: readonly CacheEntry[]): Promise<void> {
    await this.#answer()
    for (const { key, version } of entries) this.known.set(key, version)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed++
  }

  async #answer(): Promise<void> {
    if (this.mode === 'fails') throw new Error('the cache is away')
    if (this.mode === 'missing')
      throw new ConfigError({ code: 'package-missing', key: 'cache', message: 'no client', fix: 'npm install it' })
    if (this.mode === 'hangs') await new Promise(() => {})
  }
}

const quote = (id: string, version: number, reference?: string) => ({ json: { id, version, reference } })

function cached(cache: TestCache) {
  const tables = subject()
  const written: string[] = []
  const from = memoryStream()
  const flow = () => ingest({ from, into: tables.quotes, schema: Quote, map: (row) => row, cache, batch: { items: 4 } })
  return { ...tables, from, flow, written }
}

let disarm = (): void => {}
afterEach(() => disarm())

describe('a cache in front of the database', () => {
  it('keeps stale and equal versions from it, and positions move all the same', async () => {
    const cache = new TestCache()
    const { database, from, flow } = cached(cache)
    from.append(quote('a', 5, 'five'), quote('b', 1), quote('a', 4), quote('c', 1))
    from.append(quote('a', 5, 'again'), quote('a', 3), quote('b', 2, 'two'), quote('b', 1))
    from.append(quote('a', 1), quote('a', 2), quote('c', 1), quote('c', 0))
    from.end()
    const events = await runToEnd(flow())
    expect(database.rows('quotes')).toEqual([
      { id: 'a', version: 5, reference: 'five' },
      { id: 'b', version: 2, reference: 'two' },
      { id: 'c', version: 1 },
    ])
    const skipped = ofType(events, 'skipped')
    expect(new Set(skipped.map(({ reason }) => reason))).toEqual(new Set(['stale']))
    expect(skipped.reduce((sum, { count }) => sum + count, 0)).toBe(7)
    expect(from.acknowledged()).toBe(12)
    expect(await database.state.checkpoints.load('quotes')).toEqual(new Map([['memory', '12']]))
    expect([...cache.known.values()].sort()).toEqual([1, 2, 5])
    expect(cache.disposed).toBe(1)
  })

  it.each(['fails', 'hangs'] as const)('costs nothing but speed when it %s, and says so once', async (mode) => {
    const cache = new TestCache()
    cache.mode = mode
    const { database, from, flow } = cached(cache)
    for (let at = 0; at < 40; at++) from.append(quote(`${at % 7}`, at))
    from.end()
    const events = await runToEnd(flow())
    expect(database.rows('quotes').map(({ id, version }) => [id, version])).toEqual(
      Array.from({ length: 7 }, (_, id) => [`${id}`, id > 4 ? 28 + id : 35 + id]),
    )
    expect(ofType(events, 'notice').map(({ code }) => code)).toEqual(['cache-away'])
    expect(cache.loads).toBe(1)
  })

  it('stops the flow when it can never work, as without its client library', async () => {
    const cache = new TestCache()
    cache.mode = 'missing'
    const { from, flow } = cached(cache)
    from.append(quote('a', 1))
    from.end()
    await expect(runToEnd(flow())).rejects.toMatchObject({ code: 'package-missing' })
    expect(from.acknowledged()).toBe(0)
  })

  it('is told nothing of what was refused', async () => {
    const cache = new TestCache()
    const { database, from, flow } = cached(cache)
    from.append(quote('a', 1, 'refused'), quote('b', 1))
    from.append(quote('a', 1, 'good'))
    from.end()
    await runToEnd(flow())
    expect(database.rows('quotes').map(({ id, reference }) => [id, reference])).toEqual([
      ['b', undefined],
      ['a', 'good'],
    ])
    expect(await database.state.deadLetters.count('quotes')).toBe(1)
  })

  it('loses nothing when the process fails between the commit and the cache', async () => {
    const cache = new TestCache()
    const { database, from, flow } = cached(cache)
    from.append(quote('a', 1), quote('b', 1))
    let failures = 0
    disarm = armFailpoint('ingest:before-cache', () => {
      if (++failures === 1) throw new UnavailableError('killed', 'between commit and cache')
    })
    from.append(quote('a', 2))
    from.end()
    await runToEnd(flow())
    expect(failures).toBeGreaterThan(0)
    expect(database.rows('quotes').map(({ id, version }) => [id, version])).toEqual([
      ['a', 2],
      ['b', 1],
    ])
    expect(from.acknowledged()).toBe(3)
  })

  it('never lets a message be acknowledged whose write then fails', async () => {
    const cache = new TestCache()
    let failing = true
    const tables = subject({ fault: (moment) => (failing && moment === 'begin' ? new TypeError('a bug') : undefined) })
    const from = memoryStream()
    const flow = () => ingest({ from, into: tables.quotes, schema: Quote, map: (row) => row, cache })
    from.append(quote('a', 1))
    from.end()
    await expect(runToEnd(flow())).rejects.toThrow('a bug')
    expect(cache.known.size).toBe(0)
    expect(from.acknowledged()).toBe(0)
    failing = false
    await runToEnd(flow())
    expect(tables.database.rows('quotes')).toEqual([{ id: 'a', version: 1 }])
  })

  it('forgets what it knew of a database that is another now', async () => {
    const cache = new TestCache()
    for (const _ of [1, 2]) {
      const { database, from, flow } = cached(cache)
      from.append(quote('a', 1))
      from.end()
      await runToEnd(flow())
      expect(database.rows('quotes')).toHaveLength(1)
    }
  })

  it('is refused for a table that does not name its key', async () => {
    const { database } = subject()
    const from = memoryStream()
    const into = database.table('quotes', { version: 'version' })
    await expect(runToEnd(ingest({ from, into, map: () => undefined, cache: new TestCache() }))).rejects.toMatchObject({
      code: 'cache-key',
    })
  })
})
