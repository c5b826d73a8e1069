import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type GcsOptions, gcs } from '../../../src/adapters/objects/gcs/index.js'
import type { ObjectStore } from '../../../src/core/object-store.js'
import { objectStoreContract } from '../../contracts/object-store.js'
import { type FailingProxy, startFailingProxy } from '../../support/objects/failing-proxy.js'
import { startGcsDouble } from '../../support/objects/gcs-double.js'
import { expectRoundTrips } from '../../support/objects/round-trips.js'

const BUCKET = 'feeds'
const { signal } = new AbortController()

let double: Awaited<ReturnType<typeof startGcsDouble>>
let proxy: FailingProxy
beforeAll(async () => {
  double = await startGcsDouble(BUCKET)
  // Google's client does not notice that an answer is cut in the middle; that has a test of its own.
  proxy = await startFailingProxy(double.endpoint, { failing: 0.3, seed: 2, cuts: false })
})
afterAll(() => Promise.all([double, proxy].map((each) => each[Symbol.asyncDispose]())))

function storeOf(more: Partial<GcsOptions> = {}): ObjectStore {
  const prefix = randomBytes(6).toString('hex')
  return gcs({ bucket: BUCKET, prefix, endpoint: double.endpoint, partBytes: 5 * 1_048_576, ...more })
}

const UNSUPPORTED = [
  {
    reason: 'Google throws away itself what was never ended',
    tests: ['sweeps what was never finished once it is old, and nothing else'],
  },
]
const subject = (store: ObjectStore) => ({ store, [Symbol.asyncDispose]: async () => undefined })

objectStoreContract('a double of Google Cloud Storage', async () => subject(storeOf()), { unsupported: UNSUPPORTED })

objectStoreContract(
  'a double of Google Cloud Storage, three of ten requests failing',
  async () => subject(storeOf({ endpoint: proxy.endpoint, retryMs: 60_000, timeoutMs: 5_000 })),
  { unsupported: UNSUPPORTED },
)

const put = async (store: ObjectStore, name: string, size = 10): Promise<void> => {
  const writer = await store.create(name, { contentType: 'text/plain', signal })
  await writer.write(Buffer.alloc(size, 'x'))
  await writer.commit()
}

describe('gcs', () => {
  it('takes what was lost on the way up again, and finds what was made although the answer was lost', async () => {
    // Google's client does not notice that an answer is cut in the middle; the deadline does.
    const store = storeOf({ timeoutMs: 2_000, retryMs: 60_000 })
    double.failing = 0.3
    try {
      await expectRoundTrips(store, { objects: 8, bytes: 12_000_000 })
    } finally {
      double.failing = 0
    }
    expect((await store.list('', signal)).map(({ name }) => name)).toHaveLength(8)
  }, 120_000)

  it('ends an upload of whole parts, and lets one of two writers of a large object commit', async () => {
    const store = storeOf()
    const writers = await Promise.all(
      [1, 2].map(async () => {
        const writer = await store.create('large.bin', { contentType: 'text/plain', signal })
        await writer.write(Buffer.alloc(10 * 1_048_576, 'y'))
        return writer
      }),
    )
    const ends = await Promise.allSettled(writers.map((writer) => writer.commit()))
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const end of ends) if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'object-exists' })
    expect(await store.list('', signal)).toMatchObject([{ name: 'large.bin', bytes: 10 * 1_048_576 }])
  })

  it('takes away an object that has other bytes than were sent', async () => {
    const store = storeOf()
    double.damage()
    await expect(put(store, 'large.bin', 6_000_000)).rejects.toMatchObject({ code: 'store-damaged' })
    expect(await store.list('', signal)).toEqual([])
    await put(store, 'large.bin', 6_000_000)
  })

  it('keeps type and encoding, and does not have it unpacked on the way', async () => {
    const store = storeOf({ prefix: 'typed' })
    const writer = await store.create('a.json.gz', { contentType: 'application/json', contentEncoding: 'gzip', signal })
    await writer.write(Buffer.from('as it is'))
    await writer.commit()
    const answer = await fetch(`${double.endpoint}/storage/v1/b/${BUCKET}/o/typed%2Fa.json.gz`)
    expect(await answer.json()).toMatchObject({ contentType: 'application/json', contentEncoding: 'gzip' })
    await store.copier?.copy('a.json.gz', 'b.csv', { contentType: 'text/csv', signal })
    const copied: unknown = await (await fetch(`${double.endpoint}/storage/v1/b/${BUCKET}/o/typed%2Fb.csv`)).json()
    expect(copied).toMatchObject({ contentType: 'text/csv' })
    expect(copied).not.toHaveProperty('contentEncoding')
    const chunks: Uint8Array[] = []
    for await (const chunk of store.read('a.json.gz', signal)) chunks.push(chunk)
    expect(String(Buffer.concat(chunks))).toBe('as it is')
  })

  it('says what is wrong with the bucket, the rights and the credentials', async () => {
    const cases = [
      { bucket: 'nowhere', error: { name: 'ConfigError', code: 'store-missing' } },
      { bucket: 'refused', error: { name: 'ConfigError', code: 'store-refused' } },
      { bucket: 'unauthorized', error: { name: 'UnavailableError', code: 'store-credentials' } },
    ]
    for (const { bucket, error } of cases) {
      const store = storeOf({ bucket })
      await expect(put(store, 'a'), bucket).rejects.toMatchObject(error)
      await expect(store.read('a', signal)[Symbol.asyncIterator]().next(), bucket).rejects.toMatchObject(error)
      expect((await store.diagnose(signal)).map(({ level }) => level)).toEqual(['error'])
    }
    const unreachable = storeOf({ endpoint: 'http://127.0.0.1:1', retryMs: 100 })
    await expect(put(unreachable, 'a')).rejects.toMatchObject({ name: 'UnavailableError', code: 'store-unavailable' })
  })

  it('goes to the emulator that the environment names', async () => {
    process.env['STORAGE_EMULATOR_HOST'] = double.endpoint
    try {
      const store = gcs({ bucket: BUCKET, prefix: 'emulated' })
      await put(store, 'a')
      expect(store.label).toBe('gs://feeds/emulated/')
      expect(await store.list('', signal)).toMatchObject([{ name: 'a' }])
    } finally {
      delete process.env['STORAGE_EMULATOR_HOST']
    }
  })

  it('refuses what it does not know', () => {
    const wrong: readonly Partial<GcsOptions>[] = [
      { bucket: 'gs://feeds' },
      { prefix: '../up' },
      { endpoint: 'ftp://x' },
      { partBytes: 1 },
    ]
    for (const more of wrong) expect(() => gcs({ bucket: 'feeds', ...more })).toThrow(/gcs\(\{ /)
  })
})
