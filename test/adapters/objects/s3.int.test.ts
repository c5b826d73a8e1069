import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type S3Options, s3 } from '../../../src/adapters/objects/s3/index.js'
import type { ObjectStore } from '../../../src/core/object-store.js'
import { objectStoreContract } from '../../contracts/object-store.js'
import { type FailingProxy, startFailingProxy } from '../../support/objects/failing-proxy.js'
import type { HttpDouble } from '../../support/objects/http-double.js'
import { expectRoundTrips } from '../../support/objects/round-trips.js'
import { startS3Double } from '../../support/objects/s3-double.js'
import { S3_CREDENTIALS, type S3Server, startS3rver } from '../../support/objects/s3-server.js'

const BUCKET = 'feeds'
const { signal } = new AbortController()

let rver: S3Server
let double: HttpDouble
let failingRver: FailingProxy
beforeAll(async () => {
  ;[rver, double] = await Promise.all([startS3rver(BUCKET), startS3Double(BUCKET, S3_CREDENTIALS.accessKeyId)])
  failingRver = await startFailingProxy(rver.endpoint, { failing: 0.3, seed: 3 })
})
afterAll(() => Promise.all([rver, double, failingRver].map((each) => each[Symbol.asyncDispose]())))

function storeOf({ endpoint }: { endpoint: string }, more: Partial<S3Options> = {}): ObjectStore {
  const prefix = randomBytes(6).toString('hex')
  const usual = { bucket: BUCKET, prefix, endpoint, region: 'eu-central-1', credentials: S3_CREDENTIALS }
  return s3({ ...usual, partBytes: 5 * 1_048_576, ...more })
}

const subject = (store: ObjectStore) => ({ store, [Symbol.asyncDispose]: async () => undefined })

objectStoreContract('an S3 with conditional writes', async () => subject(storeOf(double)))

objectStoreContract(
  's3rver, three of ten requests failing',
  async () => subject(storeOf(failingRver, { retryMs: 60_000, timeoutMs: 2_000 })),
  {
    unsupported: [
      {
        reason: 's3rver has no list of unfinished uploads',
        tests: ['sweeps what was never finished once it is old, and nothing else'],
      },
      { reason: 'it has no conditional writes, of which doctor warns', tests: ['finds itself in order'] },
    ],
  },
)

const put = async (store: ObjectStore, name: string, text = name): Promise<void> => {
  const writer = await store.create(name, { contentType: 'text/plain', signal })
  await writer.write(Buffer.from(text))
  await writer.commit()
}

describe('s3', () => {
  it('takes what was lost on the way up again, and finds what was made although the answer was lost', async () => {
    const store = storeOf(double)
    double.failing = 0.3
    try {
      await expectRoundTrips(store, { objects: 12, bytes: 6_000_000 })
    } finally {
      double.failing = 0
    }
    // An upload that was begun without an answer is nobody's until it is swept; there is one large object.
    await store.sweep('', -60_000, signal)
    expect(await store.sweep('', -60_000, signal)).toBe(0)
    expect((await store.list('', signal)).every(({ name }) => name.startsWith('trip-'))).toBe(true)
  }, 120_000)

  it('finds out that a store ignores conditions, and lets one of many writers commit all the same', async () => {
    const store = storeOf(rver)
    const [diagnosis] = await store.diagnose(signal)
    expect(diagnosis).toMatchObject({ level: 'warn', message: expect.stringContaining('claims') })
    const ends = await Promise.allSettled(Array.from({ length: 6 }, (_, index) => put(store, 'one.json', `${index}`)))
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    await expect(put(store, 'one.json')).rejects.toMatchObject({ name: 'ConflictError', code: 'object-exists' })
    expect((await store.list('', signal)).map(({ name }) => name)).toEqual(['one.json'])
    await expectRoundTrips(store, { objects: 1, bytes: 6_000_000 })
  })

  it('goes by conditions where they are kept', async () => {
    await put(storeOf(double, { exclusive: 'probe' }), 'a')
    expect(await storeOf(double, { exclusive: 'probe' }).diagnose(signal)).toMatchObject([{ level: 'ok' }])
    expect(await storeOf(rver, { exclusive: 'condition' }).diagnose(signal)).toMatchObject([{ level: 'error' }])
  })

  it('keeps type and encoding', async () => {
    const store = storeOf(double, { prefix: 'typed' })
    const writer = await store.create('a.json.gz', { contentType: 'application/json', contentEncoding: 'gzip', signal })
    await writer.commit()
    const answer = await fetch(`${double.endpoint}/${BUCKET}/typed/a.json.gz`, {
      method: 'HEAD',
      headers: { authorization: `Credential=${S3_CREDENTIALS.accessKeyId}/` },
    })
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(answer.headers.get('content-encoding')).toBe('gzip')
  })

  it('says what is wrong with the bucket, the rights and the credentials', async () => {
    const wrong = { ...S3_CREDENTIALS, accessKeyId: 'WRONG' }
    const cases = [
      { more: { bucket: 'nowhere' }, error: { name: 'ConfigError', code: 'store-missing' } },
      { more: { bucket: 'refused' }, error: { name: 'ConfigError', code: 'store-refused' } },
      { more: { credentials: wrong }, error: { name: 'UnavailableError', code: 'store-key-unknown' } },
    ]
    for (const { more, error } of cases) {
      const store = storeOf(double, more)
      await expect(put(store, 'a'), JSON.stringify(more)).rejects.toMatchObject(error)
      expect((await store.diagnose(signal)).map(({ level }) => level)).toEqual(['error'])
    }
    const unreachable = storeOf({ endpoint: 'http://127.0.0.1:1' }, { retryMs: 100 })
    await expect(put(unreachable, 'a')).rejects.toMatchObject({ name: 'UnavailableError', code: 'store-unavailable' })
  })

  it('tells its place without credentials, and refuses what it does not know', () => {
    expect(s3({ bucket: 'feeds', prefix: 'a/b' }).label).toBe('s3://feeds/a/b/')
    const secret = storeOf({ endpoint: 'http://user:password@127.0.0.1:9000' }, { prefix: '' })
    expect(secret.label).toBe('http://127.0.0.1:9000/feeds/')
    const wrong: readonly Partial<S3Options>[] = [
      { bucket: 's3://feeds' },
      { prefix: '../up' },
      { endpoint: 'ftp://x' },
      { partBytes: 1 },
    ]
    const misspelt = { bucket: 'feeds', bukcet: 'feeds' }
    expect(() => s3(misspelt)).toThrow(/bukcet/)
    for (const more of wrong) expect(() => s3({ bucket: 'feeds', ...more })).toThrow(/option-invalid|s3\(/)
  })
})
