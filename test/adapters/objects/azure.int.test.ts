import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AzureOptions, azure } from '../../../src/adapters/objects/azure/index.js'
import { isObjectMissing, type ObjectStore } from '../../../src/core/object-store.js'
import { objectStoreContract } from '../../contracts/object-store.js'
import { type Azurite, startAzurite } from '../../support/objects/azurite.js'
import { type FailingProxy, startFailingProxy } from '../../support/objects/failing-proxy.js'
import { expectRoundTrips } from '../../support/objects/round-trips.js'

const CONTAINER = 'feeds'
const { signal } = new AbortController()

let azurite: Azurite
let proxy: FailingProxy
beforeAll(async () => {
  azurite = await startAzurite(CONTAINER)
  proxy = await startFailingProxy(azurite.endpoint, { failing: 0.3, seed: 1 })
})
afterAll(() => Promise.all([azurite, proxy].map((each) => each[Symbol.asyncDispose]())))

function storeOf(more: Partial<AzureOptions & { connectionString: string }> = {}): ObjectStore {
  const { connectionString } = azurite
  const prefix = randomBytes(6).toString('hex')
  return azure({ container: CONTAINER, prefix, partBytes: 5 * 1_048_576, connectionString, ...more })
}

const UNSUPPORTED = [
  {
    reason: 'Azure throws away itself what was never committed',
    tests: ['sweeps what was never finished once it is old, and nothing else'],
  },
  {
    reason: 'azurite takes blocks that nobody committed for a blob; no name of a large file is used again',
    tests: ['leaves nothing of an object that was aborted'],
  },
]
const subject = (store: ObjectStore) => ({ store, [Symbol.asyncDispose]: async () => undefined })

objectStoreContract('azurite', async () => subject(storeOf()), { unsupported: UNSUPPORTED })

objectStoreContract(
  'azurite, three of ten requests failing',
  async () => {
    const connectionString = azurite.connectionString.replaceAll(azurite.endpoint, proxy.endpoint)
    return subject(storeOf({ connectionString, retryMs: 60_000, timeoutMs: 2_000 }))
  },
  { unsupported: UNSUPPORTED },
)

const put = async (store: ObjectStore, name: string): Promise<void> => {
  const writer = await store.create(name, { contentType: 'text/plain', signal })
  await writer.write(Buffer.from(name))
  await writer.commit()
}

describe('azure', () => {
  it('brings large blobs up in blocks and back', async () => {
    await expectRoundTrips(storeOf(), { objects: 3, bytes: 12_000_000 })
  })

  it('shows nothing of blocks that were aborted, or whose writer was killed', async () => {
    const store = storeOf()
    for (const [name, ends] of [
      ['aborted.json', true],
      ['killed.json', false],
    ] as const) {
      const writer = await store.create(name, { contentType: 'application/json', signal })
      await writer.write(Buffer.alloc(11_000_000, 'x'))
      if (ends) await writer.abort()
      await expect(store.read(name, signal)[Symbol.asyncIterator]().next()).rejects.toSatisfy(isObjectMissing)
    }
    expect(await store.list('', signal)).toEqual([])
    // An upload under another name, as each run has its own, is not disturbed by them.
    await expectRoundTrips(store, { objects: 1, bytes: 6_000_000 })
    expect((await store.list('', signal)).map(({ name }) => name)).toEqual(['trip-0.bin'])
  })

  it('keeps type and encoding', async () => {
    const store = storeOf({ prefix: 'typed' })
    const writer = await store.create('a.json.gz', { contentType: 'application/json', contentEncoding: 'gzip', signal })
    await writer.commit()
    const blob = azurite.client.getContainerClient(CONTAINER).getBlobClient('typed/a.json.gz')
    expect(await blob.getProperties()).toMatchObject({ contentType: 'application/json', contentEncoding: 'gzip' })
    await store.copier?.copy('a.json.gz', 'b.csv', { contentType: 'text/csv', signal })
    const copied = await azurite.client.getContainerClient(CONTAINER).getBlobClient('typed/b.csv').getProperties()
    expect([copied.contentType, copied.contentEncoding]).toEqual(['text/csv', undefined])
  })

  it('says what is wrong with the container and the credentials, without the key', async () => {
    await expect(put(storeOf({ container: 'nowhere' }), 'a')).rejects.toMatchObject({ code: 'store-missing' })
    const wrong = azurite.connectionString.replace(
      /AccountKey=[^;]+/,
      `AccountKey=${Buffer.alloc(64, 1).toString('base64')}`,
    )
    const refused = storeOf({ connectionString: wrong })
    // Azurite calls it AuthorizationFailure, where Azure says AuthenticationFailed.
    await expect(put(refused, 'a')).rejects.toMatchObject({ name: 'ConfigError', code: 'store-refused' })
    expect((await refused.diagnose(signal)).map(({ level }) => level)).toEqual(['error'])
    expect(refused.label).toMatch(/^azure:\/\/devstoreaccount1\/feeds\//)
  })

  it('wants an account or a connection string', () => {
    const neither: { container: string } = { container: 'feeds' }
    expect(() => azure({ account: 'a', ...neither })).toThrow(/azure\(\{ account \}\)/)
    // @ts-expect-error: one of the two is needed
    expect(() => azure(neither)).toThrow(/needs one of the two/)
  })
})
