import { randomBytes } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { azure } from '../../../src/adapters/objects/azure/index.js'
import { gcs } from '../../../src/adapters/objects/gcs/index.js'
import { s3 } from '../../../src/adapters/objects/s3/index.js'
import { sftp } from '../../../src/adapters/objects/sftp/index.js'
import { postgres } from '../../../src/adapters/postgres/index.js'
import type { Flow } from '../../../src/core/flow.js'
import { isObjectMissing, type ObjectStore } from '../../../src/core/object-store.js'
import { feed } from '../../../src/flows/feed/feed.js'
import { Random } from '../../support/hostile/random.js'
import { type Azurite, startAzurite } from '../../support/objects/azurite.js'
import { startFailingProxy } from '../../support/objects/failing-proxy.js'
import { startGcsDouble } from '../../support/objects/gcs-double.js'
import type { HttpDouble } from '../../support/objects/http-double.js'
import { startS3Double } from '../../support/objects/s3-double.js'
import { S3_CREDENTIALS, type S3Server, startS3rver } from '../../support/objects/s3-server.js'
import { CuttingLink, type SftpServer, startSftpServer } from '../../support/objects/sftp-server.js'
import { plainClient, testDatabase } from '../../support/postgres.js'
import { counted, dying } from './counted-store.js'
import { publish } from './feed-subject.js'

const ROWS = 3_000
const database = testDatabase()
const db = postgres(database.url)
const { signal } = new AbortController()

let rver: S3Server
let double: HttpDouble
let azurite: Azurite
let gcsDouble: HttpDouble
let sshd: SftpServer
beforeAll(async () => {
  ;[rver, double, azurite, gcsDouble, sshd] = await Promise.all([
    startS3rver('feeds'),
    startS3Double('feeds', S3_CREDENTIALS.accessKeyId),
    startAzurite('feeds'),
    startGcsDouble('feeds'),
    startSftpServer(),
  ])
  await generation(1)
})
afterAll(() => Promise.all([rver, double, azurite, gcsDouble, sshd, db].map((each) => each[Symbol.asyncDispose]())))

/** All rows say which generation they are of. */
async function generation(number: number): Promise<void> {
  await using client = await plainClient(database.url)
  await client.query('create table if not exists facility (id int primary key, generation int, name text)')
  await client.query(
    `insert into facility select n, $1, md5(n::text) from generate_series(1, ${ROWS}) n
      on conflict (id) do update set generation = excluded.generation`,
    [number],
  )
}

/** Where a store is: the server itself, or what stands before it. */
interface Through {
  readonly endpoint: string
}

const fresh = (): string => randomBytes(6).toString('hex')
const patient = { retryMs: 60_000, timeoutMs: 2_000 }
const bucket = ({ endpoint }: Through, more: Partial<typeof patient> = {}): ObjectStore =>
  s3({
    bucket: 'feeds',
    prefix: fresh(),
    endpoint,
    region: 'eu-central-1',
    credentials: S3_CREDENTIALS,
    ...more,
  })
const google = ({ endpoint }: Through, more: Partial<typeof patient> = {}): ObjectStore =>
  gcs({ bucket: 'feeds', prefix: fresh(), endpoint, ...more })
const container = ({ endpoint }: Through, more: Partial<typeof patient> = {}): ObjectStore => {
  const connectionString = azurite.connectionString.replaceAll(azurite.endpoint, endpoint)
  return azure({ container: 'feeds', prefix: fresh(), connectionString, ...more })
}
const dropbox = (port: number, more: Partial<typeof patient> = {}): ObjectStore => {
  const { user, privateKey, hostKey, path } = sshd
  return sftp({ host: '127.0.0.1', port, user, privateKey, hostKey, path: `${path}/${fresh()}`, ...more })
}
const STORES = [
  { name: 's3rver', open: () => bucket(rver) },
  { name: 'an S3 with conditional writes', open: () => bucket(double) },
  { name: 'a double of Google Cloud Storage', open: () => google(gcsDouble) },
  { name: 'OpenSSH', open: () => dropbox(sshd.port) },
  { name: 'azurite', open: () => container(azurite) },
]

const flowTo = (to: ObjectStore): Flow => feed({ from: db.table('facility'), to, rotate: { rows: 1_000 } })

const Manifest = z.object({ sequence: z.number(), rows: z.number(), files: z.array(z.object({ name: z.string() })) })
const File = z.array(z.object({ id: z.number(), generation: z.number() }))

async function bytesOf(store: ObjectStore, name: string): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of store.read(name, signal)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** As a reader does it: the newest manifest, then its files. `undefined` when retention was faster. */
async function readNewest(store: ObjectStore): Promise<{ rows: number; generations: Set<number> } | undefined> {
  const names = (await store.list('', signal)).map(({ name }) => name).filter((name) => name.endsWith('.manifest.json'))
  const newest = names.at(-1)
  if (newest === undefined) return undefined
  const manifest = Manifest.parse(JSON.parse(String(await bytesOf(store, newest))))
  const generations = new Set<number>()
  let rows = 0
  for (const { name } of manifest.files) {
    const items = File.parse(JSON.parse(String(gunzipSync(await bytesOf(store, name)))))
    for (const item of items) generations.add(item.generation)
    rows += items.length
  }
  expect(rows).toBe(manifest.rows)
  return { rows, generations }
}

describe.each(STORES)('a feed to $name', ({ open }) => {
  it('is whole whenever somebody reads, is verified, and is made once by two exporters', async () => {
    const store = open()
    const flow = flowTo(store)
    await publish(flow)
    let over = false
    const reading = (async () => {
      let reads = 0
      while (!over) {
        const read = await readNewest(store).catch((error: unknown) => {
          if (!isObjectMissing(error)) throw error
          return undefined
        })
        if (read === undefined) continue
        expect(read.rows).toBe(ROWS)
        expect(read.generations.size).toBe(1)
        reads += 1
      }
      return reads
    })()
    for (let number = 2; number <= 4; number++) {
      await generation(number)
      await publish(flow)
    }
    const ends = await Promise.allSettled([publish(flowTo(store)), publish(flowTo(store))])
    over = true
    expect(await reading).toBeGreaterThan(0)
    const failed = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []))
    for (const error of failed) expect(error).toMatchObject({ name: 'ConflictError' })
    expect(failed.length).toBeLessThanOrEqual(1)

    const manifests = (await store.list('facilities-', signal)).filter(({ name }) => name.endsWith('.manifest.json'))
    // Four, and then one or two more: the second may have come after the first.
    expect(manifests).toHaveLength(6 - failed.length)
    expect(await flow.verifyFeed?.('facilities', signal)).toMatchObject({ problems: [], rows: ROWS })

    const listed = (await flow.listFeeds?.('facilities', signal)) ?? []
    expect(listed.map(({ sequence }) => sequence)).toEqual(manifests.map((_, index) => manifests.length - index))
    expect(listed.every(({ rows, files, problems }) => rows === ROWS && files === 3 && problems.length === 0)).toBe(
      true,
    )
    expect(listed.filter(({ newest }) => newest)).toEqual([listed[0]])
    await expectCutsFound(store, flow)
  })
})

describe.each(STORES)('a feed to $name whose exporter died', ({ open }) => {
  it('has what was finished from the store itself, and the rest alone is sent', async () => {
    const store = open()
    await generation(31)
    await expect(publish(flowTo(dying(store, 2)))).rejects.toThrow('the exporter is dead')
    const left = (await store.list('', signal)).map(({ name }) => name)
    expect(left.filter((name) => name.endsWith('.gz'))).toHaveLength(2)
    const { store: counting, sent } = counted(store)
    await publish(flowTo(counting))
    expect(sent.size, 'files that were sent').toBe(1)
    expect(await readNewest(store)).toEqual({ rows: ROWS, generations: new Set([31]) })
    const names = (await store.list('', signal)).map(({ name }) => name)
    expect(names.filter((name) => name.endsWith('.gz') && left.includes(name))).toEqual([])
    expect(names.filter((name) => name.endsWith('.gz'))).toHaveLength(3)
    expect(await flowTo(store).verifyFeed?.('facilities', signal)).toMatchObject({ problems: [], rows: ROWS })
  })
})

/** Every cut of an object, by a few and by many bytes, is found, and only that. */
async function expectCutsFound(store: ObjectStore, flow: Flow): Promise<void> {
  const newest = await flow.publishedFeed?.('facilities', undefined, signal)
  const manifest = Manifest.parse(JSON.parse(String(await bytesOf(store, newest?.object ?? ''))))
  const [{ name } = { name: '' }] = manifest.files
  const whole = await bytesOf(store, name)
  for (const length of [0, 1, whole.length >> 1, whole.length - 1]) {
    await replace(store, name, whole.subarray(0, length))
    const found = await flow.verifyFeed?.('facilities', signal)
    expect(found?.problems, `cut to ${length} of ${whole.length} bytes`).toMatchObject([{ file: name }])
    const [first, second] = (await flow.listFeeds?.('facilities', signal)) ?? []
    expect(first?.problems).toMatchObject([{ file: name, problem: `has ${length} bytes, not ${whole.length}` }])
    expect(second?.problems).toEqual([])
  }
  await replace(store, name, whole)
  expect(await flow.verifyFeed?.('facilities', signal)).toMatchObject({ problems: [] })
}

async function replace(store: ObjectStore, name: string, bytes: Uint8Array): Promise<void> {
  const writer = await store.create(name, { contentType: 'application/json', replace: true, signal })
  await writer.write(bytes)
  await writer.commit()
}

describe('a feed to a store that fails', () => {
  it('is published whole although three of ten requests fail, are lost, or are done without an answer', async () => {
    const store = bucket(double)
    double.failing = 0.3
    try {
      for (let number = 11; number <= 13; number++) {
        await generation(number)
        await publish(flowTo(store))
      }
    } finally {
      double.failing = 0
    }
    expect(await readNewest(store)).toEqual({ rows: ROWS, generations: new Set([13]) })
    expect(await flowTo(store).verifyFeed?.('facilities', signal)).toMatchObject({ problems: [], rows: ROWS })
    const manifests = (await store.list('', signal)).filter(({ name }) => name.endsWith('.manifest.json'))
    expect(manifests).toHaveLength(3)
  }, 120_000)

  const failing = async (
    target: Through,
    open: (at: Through, more: typeof patient) => ObjectStore,
    cuts = true,
  ): Promise<{ store: ObjectStore } & AsyncDisposable> => {
    const proxy = await startFailingProxy(target.endpoint, { failing: 0.3, seed: 6, cuts })
    return { store: open(proxy, patient), [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose]() }
  }

  it.each([
    { name: 's3rver', open: () => failing(rver, bucket) },
    { name: 'azurite', open: () => failing(azurite, container) },
    { name: 'a double of Google Cloud Storage', open: () => failing(gcsDouble, google, false) },
    {
      name: 'OpenSSH, whose connections are cut',
      open: async () => {
        const random = new Random(7)
        const link = await CuttingLink.start(sshd.port, () => random.integer(20_000, 200_000))
        link.cuts = Number.POSITIVE_INFINITY
        return { store: dropbox(link.port, patient), [Symbol.asyncDispose]: () => link[Symbol.asyncDispose]() }
      },
    },
  ])(
    'is published whole to $name, and nothing is left over',
    async ({ open }) => {
      await using subject = await open()
      const { store } = subject
      await generation(21)
      await publish(flowTo(store))
      expect(await readNewest(store)).toEqual({ rows: ROWS, generations: new Set([21]) })
      expect(await flowTo(store).verifyFeed?.('facilities', signal)).toMatchObject({ problems: [], rows: ROWS })
      const names = (await store.list('', signal)).map(({ name }) => name)
      // Three files, a manifest, and the pointer to it.
      expect(names).toHaveLength(5)
    },
    120_000,
  )

  it('is not published to a bucket that is not there, or that refuses', async () => {
    for (const [name, code] of [
      ['nowhere', 'store-missing'],
      ['refused', 'store-refused'],
    ] as const) {
      const { endpoint } = double
      const store = s3({ bucket: name, endpoint, region: 'eu-central-1', credentials: S3_CREDENTIALS })
      await expect(publish(flowTo(store))).rejects.toMatchObject({ name: 'ConfigError', code })
    }
  })
})
