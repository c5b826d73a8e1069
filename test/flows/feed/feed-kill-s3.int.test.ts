import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { s3 } from '../../../src/adapters/objects/s3/index.js'
import { isObjectMissing, type ObjectStore } from '../../../src/core/object-store.js'
import { type BuiltCli, builtCli } from '../../support/built-cli.js'
import type { HttpDouble } from '../../support/objects/http-double.js'
import { startS3Double } from '../../support/objects/s3-double.js'
import { S3_CREDENTIALS } from '../../support/objects/s3-server.js'
import { plainClient, testDatabase } from '../../support/postgres.js'
import { FEED_CONFIG } from './feed-config.js'

const ROWS = 2_000
const SOURCES = fileURLToPath(new URL('../../../src/flows/feed', import.meta.url))
/** Every failpoint of feeds, so that none is forgotten. */
const FAILPOINTS = readdirSync(SOURCES)
  .filter((file) => file.endsWith('.ts'))
  .flatMap((file) => [...readFileSync(join(SOURCES, file), 'utf8').matchAll(/failpoint\('([^']+)'\)/g)])
  .map(([, name = '']) => name)

const Manifest = z.object({
  sequence: z.number(),
  run: z.string(),
  files: z.array(z.object({ name: z.string(), bytes: z.number(), sha256: z.string() })),
})
const { signal } = new AbortController()
const database = testDatabase()
let cli: BuiltCli
let double: HttpDouble
let store: ObjectStore

beforeAll(async () => {
  cli = await builtCli()
  double = await startS3Double('feeds', S3_CREDENTIALS.accessKeyId)
  const { endpoint } = double
  store = s3({ bucket: 'feeds', prefix: 'kill', endpoint, region: 'eu-central-1', credentials: S3_CREDENTIALS })
  await sql(
    `create table versions as select n as id, 0 as version from generate_series(1, ${ROWS}) n; alter table versions add primary key (id)`,
  )
})
afterAll(() => Promise.all([cli[Symbol.asyncDispose](), double[Symbol.asyncDispose]()]))

async function sql(statement: string): Promise<void> {
  await using client = await plainClient(database.url)
  await client.query(statement)
}

function run(failpoint?: string) {
  const env = {
    FEED_URL: database.url,
    FEED_S3: double.endpoint,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: S3_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: S3_CREDENTIALS.secretAccessKey,
    ...(failpoint === undefined ? {} : { LOCKSTEP_FAILPOINT: failpoint }),
  }
  return cli.start(['run', 'versions', '--config', FEED_CONFIG], { env }).ended
}

const names = async (suffix: string): Promise<readonly string[]> =>
  (await store.list('', signal)).map(({ name }) => name).filter((name) => name.endsWith(suffix))

async function bytesOf(name: string): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of store.read(name, signal)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Reads the newest feed as a customer would; throws on anything that is not one whole feed. `undefined`: retention was faster. */
async function readOnce(): Promise<number | undefined> {
  const newest = (await names('.manifest.json')).at(-1)
  if (newest === undefined) return undefined
  try {
    const manifest = Manifest.parse(JSON.parse(String(await bytesOf(newest))))
    const lines: string[] = []
    for (const { name, bytes, sha256 } of manifest.files) {
      const content = await bytesOf(name)
      expect([content.length, createHash('sha256').update(content).digest('hex')]).toEqual([bytes, sha256])
      lines.push(...gunzipSync(content).toString().trimEnd().split('\n'))
    }
    const rows = lines.map((line) => JSON.parse(line))
    expect(rows.map((row) => row.id)).toEqual(Array.from({ length: ROWS }, (_, index) => index + 1))
    expect(new Set(rows.map((row) => row.version)).size, 'a feed of one snapshot').toBe(1)
    return manifest.sequence
  } catch (error) {
    if (isObjectMissing(error)) return undefined
    throw error
  }
}

describe('a feed to S3 whose exporters are killed', () => {
  it('is whole for every reader at every moment, and what they left is swept', async () => {
    let over = false
    const polling = (async () => {
      let [last, reads] = [0, 0]
      while (!over) {
        const sequence = await readOnce()
        if (sequence !== undefined) {
          expect(sequence).toBeGreaterThanOrEqual(last)
          last = sequence
          reads += 1
        }
        await delay(20)
      }
      return reads
    })()
    // It fails the test when it is awaited.
    polling.catch(() => undefined)
    expect((await run()).code).toBe(0)
    for (const failpoint of FAILPOINTS) {
      await sql('update versions set version = version + 1')
      const { signal: killed, stdout, stderr } = await run(`${failpoint}:1`)
      expect(killed, `${failpoint} was passed: ${stdout} ${stderr}`).toBe('SIGKILL')
    }
    expect((await run()).code).toBe(0)
    over = true
    expect(await polling).toBeGreaterThan(10)
    const manifests = await Promise.all((await names('.manifest.json')).map(bytesOf))
    const runs = new Set(manifests.map((bytes) => Manifest.parse(JSON.parse(String(bytes))).run))
    expect((await names('.gz')).filter((name) => !runs.has(name.split('-')[2] ?? ''))).toEqual([])
    expect(manifests).toHaveLength(3)
  }, 180_000)
})
