import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type BuiltCli, builtCli } from '../support/built-cli.js'
import { mariadbQuery, testMariadb } from '../support/mariadb.js'
import type { HttpDouble } from '../support/objects/http-double.js'
import { startS3Double } from '../support/objects/s3-double.js'
import { S3_CREDENTIALS } from '../support/objects/s3-server.js'
import { testDatabase } from '../support/postgres.js'
import { query } from '../support/sql.js'
import { doctor, type Example, generate, lockstep, schemaOf } from './example.js'
import { type FacilitiesPlace, folderPlace, s3Place } from './facilities-places.js'

const NAME = 'reservewithgoogle.entity'
const ROWS = 3_000
const Planted = z.object({ id: z.number(), fault: z.string() })
const Descriptor = z.strictObject({
  generation_timestamp: z.number(),
  name: z.literal(NAME),
  data_file: z.array(z.string().endsWith('.json.gz')),
})
const Rejected = z.object({ key: z.tuple([z.number()]), code: z.string(), reason: z.string() })

/** As plain SQL makes it, of either database; what the generator planted is left out. */
const entities = (object: string, planted: readonly number[]): string =>
  `select ${object}('entity_id', concat('facility-', id), 'name', name, 'telephone', phone, 'url', url,
  'location', ${object}('latitude', latitude, 'longitude', longitude, 'address', ${object}('country', country,
  'locality', locality, 'region', region, 'postal_code', postal_code, 'street_address', street_address))) as entity
  from facility where id not in (${planted.join(',')}) order by id`

interface Case {
  readonly config: string
  readonly schema: string
  readonly database: { readonly url: string }
  /** Kinds of faults that the database can hold. */
  readonly kinds: number
  run(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  entitiesBut(planted: readonly number[]): Promise<readonly unknown[]>
  place(): FacilitiesPlace
}

let cli: BuiltCli
let folder: string
let double: HttpDouble
beforeAll(async () => {
  cli = await builtCli()
  folder = await mkdtemp(join(tmpdir(), 'facilities-'))
  double = await startS3Double('feeds', S3_CREDENTIALS.accessKeyId)
})
afterAll(async () => {
  await Promise.all([cli[Symbol.asyncDispose](), double[Symbol.asyncDispose]()])
  await rm(folder, { recursive: true, force: true })
})

function fromPostgres(config: string, place: () => FacilitiesPlace): Case {
  const database = testDatabase()
  const run = (sql: string) => query(database.url, sql)
  return {
    config,
    schema: 'facilities/schema.sql',
    database,
    kinds: 7,
    run,
    place,
    entitiesBut: async (planted) => (await run(entities('json_build_object', planted))).map(({ entity }) => entity),
  }
}

function fromMariadb(config: string, place: () => FacilitiesPlace): Case {
  const database = testMariadb()
  const run = (sql: string) => mariadbQuery(database.url, sql)
  return {
    config,
    schema: 'facilities/mysql/schema.sql',
    database,
    kinds: 6,
    run,
    place,
    entitiesBut: async (planted) => (await run(entities('json_object', planted))).map(({ entity }) => entity),
  }
}

function exampleOf({ config, database, place }: Case): Example {
  const env = { DATABASE_URL: database.url, FEED_NAME: NAME, CHUNK_SIZE: '800', ...place().env }
  return { cli, config, env }
}

async function expectPublished(of: Case): Promise<void> {
  const example = exampleOf(of)
  await of.run(await schemaOf(of.schema))
  const options = ['--rows', String(ROWS), '--faults', '4']
  const planted = z.array(Planted).parse(await generate('facilities/generator.mjs', options, example.env))
  expect(planted).toHaveLength(4 * of.kinds)
  expect(JSON.stringify(await doctor(example))).not.toContain('"level":"error"')
  const { code, stderr } = await lockstep(example, ['run', 'facilities'])
  expect(code, stderr).toBe(0)

  const place = of.place()
  const [file = ''] = (await place.names('facilities')).filter((name) => name.endsWith('.filesetdesc.json'))
  const descriptor = Descriptor.parse(JSON.parse(String(await place.bytes('facilities', file))))
  expect(file).toBe(`${NAME}-${descriptor.generation_timestamp}.filesetdesc.json`)
  expect(descriptor.data_file).toHaveLength(4)
  const files = await Promise.all(descriptor.data_file.map((name) => place.bytes('facilities', name)))
  const found = files.flatMap((bytes) => JSON.parse(gunzipSync(bytes).toString()).data)
  const keys = planted.map(({ id }) => id).sort((left, right) => left - right)
  expect(found).toHaveLength(ROWS - planted.length)
  expect(found).toEqual(await of.entitiesBut(keys))

  const [quarantine = ''] = (await place.names('rejected')).filter((name) => name.endsWith('.ndjson'))
  const lines = String(await place.bytes('rejected', quarantine))
    .trimEnd()
    .split('\n')
  expect(lines.map((line) => Rejected.parse(JSON.parse(line)).key[0])).toEqual(keys)
  expect((await lockstep(example, ['feed', 'verify', 'facilities'])).code).toBe(0)
}

describe('examples/facilities, from PostgreSQL to a folder', () => {
  const of = fromPostgres('facilities/lockstep.config.ts', () => folderPlace(join(folder, 'postgres')))
  beforeAll(() => mkdir(join(folder, 'postgres')))

  it(
    'publishes in one command what plain SQL says, but for the rows that Google would refuse',
    () => expectPublished(of),
    120_000,
  )

  it('leaves the feed as it was when too many rows are refused', async () => {
    const before = await of.place().names('facilities')
    await of.run('update facility set latitude = 100 where id % 5 = 0')
    const { code, stdout, stderr } = await lockstep(exampleOf(of), ['run', 'facilities'])
    expect(code).toBe(5)
    expect(stdout + stderr).toMatch(/cannot be published \(600 entity-invalid: location\.latitude is not between/)
    expect(await of.place().names('facilities')).toEqual(before)
  }, 60_000)

  it('takes about fifteen lines of config', async () => {
    const config = await schemaOf('facilities/lockstep.config.ts')
    const lines = config.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('import'))
    expect(lines.length).toBeLessThanOrEqual(15)
  })
})

describe('examples/facilities, from MariaDB to a folder', () => {
  const of = fromMariadb('facilities/mysql/lockstep.config.ts', () => folderPlace(join(folder, 'mariadb')))
  beforeAll(() => mkdir(join(folder, 'mariadb')))

  it('publishes what plain SQL says', () => expectPublished(of), 120_000)
})

describe('examples/facilities, from PostgreSQL to an S3', () => {
  const at = { bucket: 'feeds', credentials: S3_CREDENTIALS }
  const of = fromPostgres('facilities/s3/lockstep.config.ts', () => s3Place({ ...at, endpoint: double.endpoint }))

  it('publishes what plain SQL says, with what the environment says of AWS', () => expectPublished(of), 120_000)
})

describe('examples/facilities, from MariaDB to an S3', () => {
  const at = { bucket: 'from-mariadb', credentials: S3_CREDENTIALS }
  let own: HttpDouble
  const of = fromMariadb('facilities/mysql/s3/lockstep.config.ts', () => s3Place({ ...at, endpoint: own.endpoint }))
  beforeAll(async () => {
    own = await startS3Double(at.bucket, S3_CREDENTIALS.accessKeyId)
  })
  afterAll(() => own[Symbol.asyncDispose]())

  it('publishes what plain SQL says, with what the environment says of AWS', () => expectPublished(of), 120_000)
})
