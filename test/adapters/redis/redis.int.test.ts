import { inspect } from 'node:util'
import { redis } from 'lockstep/redis'
import { describe, expect, it } from 'vitest'
import type { VersionCache } from '../../../src/core/cache.js'
import { RedisServer } from '../../support/redis.js'

const { signal } = new AbortController()
/** Busy machines take their time; what is tested is what happens, not how fast. */
const PATIENT = { timeoutMs: 5_000, pauseMs: 50 }

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('it resolved'),
    (error: unknown) => error,
  )
}

async function works(cache: VersionCache): Promise<void> {
  await expect
    .poll(() =>
      cache.load(['a'], signal).then(
        () => 'answers',
        () => 'fails',
      ),
    )
    .toBe('answers')
}

describe('the redis cache', () => {
  it('knows the versions it was told, each of its type, and nothing else', async () => {
    await using server = await RedisServer.start()
    await using cache = redis(server.url(), PATIENT)
    const versions = ['', 'text', '2026-01-01T00:00:00.123456Z', 0, -1.5, 1e300, 2n ** 70n, -1n]
    const entries = versions.map((version, at) => ({ key: `row "${at}"\n`, version }))
    await cache.remember(entries, signal)
    const keys = ['none', ...entries.map(({ key }) => key)]
    expect(await cache.load(keys, signal)).toEqual([undefined, ...versions])
    await using again = redis(server.url(), PATIENT)
    expect(await again.load(keys, signal)).toEqual([undefined, ...versions])
    expect(await cache.load([], signal)).toEqual([])
  })

  it('takes what others wrote under its keys for nothing', async () => {
    await using server = await RedisServer.start()
    await using client = await server.client()
    await client.set('lockstep:a', 'zzz')
    await client.lpush('lockstep:b', 's')
    await using cache = redis(server.url(), PATIENT)
    expect(await cache.load(['a', 'b'], signal)).toEqual([undefined, undefined])
  })

  it('answers many keys in their order', async () => {
    await using server = await RedisServer.start()
    await using cache = redis(server.url(), PATIENT)
    const entries = Array.from({ length: 2_345 }, (_, at) => ({ key: `k${at}`, version: at }))
    await cache.remember(entries, signal)
    const keys = entries.map(({ key }) => key).reverse()
    expect(await cache.load(keys, signal)).toEqual(entries.map(({ version }) => version).reverse())
  })

  it('keeps its keys apart by prefix, and only for their time', async () => {
    await using server = await RedisServer.start()
    await using client = await server.client()
    await using cache = redis(server.url(), { ...PATIENT, ttlMs: 40, prefix: 'mine:' })
    await using other = redis(server.url(), { ...PATIENT, prefix: 'other:' })
    await other.remember([{ key: 'a', version: 1 }], signal)
    await cache.remember([{ key: 'a', version: 2 }], signal)
    expect(await client.pttl('mine:a')).toBeLessThanOrEqual(40)
    expect(await client.pttl('other:a')).toBeGreaterThan(86_000_000)
    expect(await other.load(['a'], signal)).toEqual([1])
    await expect.poll(() => cache.load(['a'], signal)).toEqual([undefined])
  })

  it('knows nothing after FLUSHALL and after a restart, and goes on', async () => {
    await using server = await RedisServer.start()
    await using client = await server.client()
    await using cache = redis(server.url(), PATIENT)
    await cache.remember([{ key: 'a', version: 1 }], signal)
    await client.flushall()
    expect(await cache.load(['a'], signal)).toEqual([undefined])
    client.disconnect()
    await server.kill()
    await expect(cache.load(['a'], signal)).rejects.toMatchObject({ name: 'UnavailableError', code: 'cache-failed' })
    await server.start()
    await works(cache)
    await cache.remember([{ key: 'a', version: 2 }], signal)
    expect(await cache.load(['a'], signal)).toEqual([2])
  })

  it('rejects at once for a while after a failure', async () => {
    await using server = await RedisServer.start()
    await server.kill()
    await using cache = redis(server.url(), { ...PATIENT, pauseMs: 60_000 })
    await rejection(cache.load(['a'], signal))
    await server.start()
    const error = await rejection(cache.remember([{ key: 'a', version: 1 }], signal))
    expect(String(error)).toContain('left alone')
  })

  it('gives up on a server that hangs, by its own time and by the signal, and goes on when it is thawed', async () => {
    await using server = await RedisServer.start()
    await using cache = redis(server.url(), { timeoutMs: 200, pauseMs: 50 })
    await works(cache)
    server.freeze(true)
    expect(String(await rejection(cache.load(['a'], signal)))).toContain('within 200 ms')
    await using patient = redis(server.url(), PATIENT)
    const aborting = new AbortController()
    const loading = rejection(patient.load(['a'], aborting.signal))
    aborting.abort()
    expect(await loading).toMatchObject({ name: 'UnavailableError' })
    server.freeze(false)
    await works(cache)
    await cache.remember([{ key: 'a', version: 1 }], signal)
    expect(await cache.load(['a'], signal)).toEqual([1])
  })

  it('says that the password is wrong, and not which', async () => {
    await using server = await RedisServer.start({ password: 'right-canary' })
    for (const url of [server.url('wrong-canary'), `redis://127.0.0.1:${server.port}`]) {
      await using cache = redis(url, PATIENT)
      const error = await rejection(cache.load(['key-canary'], signal))
      expect(String(error)).toMatch(/WRONGPASS|NOAUTH/)
      expect(inspect(error, { depth: 9, showHidden: true }) + inspect(cache, { depth: 0 })).not.toContain('canary')
    }
    await using cache = redis(server.url(), PATIENT)
    expect(await cache.load(['a'], signal)).toEqual([undefined])
    expect(cache.label).toBe(`redis://127.0.0.1:${server.port}/0`)
  })

  it('rejects what the server refuses, without the value', async () => {
    await using server = await RedisServer.start({ settings: ['--maxmemory', '1'] })
    await using cache = redis(server.url(), PATIENT)
    const error = await rejection(cache.remember([{ key: 'canary', version: 'canary' }], signal))
    expect(String(error)).toContain('OOM')
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('canary')
  })

  it('does not take a server that speaks no TLS for one that does', async () => {
    await using server = await RedisServer.start()
    await using cache = redis(`rediss://127.0.0.1:${server.port}`, { timeoutMs: 300 })
    await expect(cache.load(['a'], signal)).rejects.toMatchObject({ code: 'cache-failed' })
  })

  it('names the option or the part of the URL that is wrong, without the URL', () => {
    for (const url of [
      'canary',
      'http://canary',
      'redis://canary@h/x',
      'redis://canary@h/0?a=1',
      'redis://%ff@canary',
    ]) {
      const make = () => redis(url)
      expect(make).toThrowError(expect.objectContaining({ name: 'ConfigError', code: 'url-invalid' }))
      expect(make).not.toThrowError(/canary/)
    }
    expect(() => redis('redis://h', { ttlMs: 0 })).toThrowError(expect.objectContaining({ code: 'option-invalid' }))
  })

  it('answers nothing once it is disposed', async () => {
    await using server = await RedisServer.start()
    const cache = redis(server.url(), PATIENT)
    await cache.load(['a'], signal)
    await cache[Symbol.asyncDispose]()
    await expect(cache.load(['a'], signal)).rejects.toThrow('closed')
  })
})
