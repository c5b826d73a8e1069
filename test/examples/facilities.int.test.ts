import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type BuiltCli, builtCli } from '../support/built-cli.js'
import { testDatabase } from '../support/postgres.js'
import { query } from '../support/sql.js'
import { doctor, type Example, generate, lockstep, schemaOf } from './example.js'

const NAME = 'reservewithgoogle.entity'
const ROWS = 3_000
const Planted = z.object({ id: z.number(), fault: z.string() })
const Descriptor = z.strictObject({
  generation_timestamp: z.number(),
  name: z.literal(NAME),
  data_file: z.array(z.string().endsWith('.json.gz')),
})
const Rejected = z.object({ key: z.tuple([z.number()]), code: z.string(), reason: z.string() })

/** As plain SQL makes it; what the generator planted is left out. */
const ENTITIES = `select json_build_object('entity_id', 'facility-' || id, 'name', name, 'telephone', phone, 'url', url,
  'location', json_build_object('latitude', latitude, 'longitude', longitude, 'address', json_build_object('country', country,
  'locality', locality, 'region', region, 'postal_code', postal_code, 'street_address', street_address))) as entity
  from facility where not id = any(string_to_array(:planted, ',')::int[]) order by id`

describe('examples/facilities, from PostgreSQL to a folder', () => {
  const database = testDatabase()
  let cli: BuiltCli
  let place: string
  beforeAll(async () => {
    cli = await builtCli()
    place = await mkdtemp(join(tmpdir(), 'facilities-'))
    await mkdir(join(place, 'out'))
    await query(database.url, await schemaOf('facilities/schema.sql'))
  })
  afterAll(async () => {
    await cli[Symbol.asyncDispose]()
    await rm(place, { recursive: true, force: true })
  })

  function example(): Example {
    const env = {
      DATABASE_URL: database.url,
      FEED_NAME: NAME,
      CHUNK_SIZE: '800',
      FEED_FOLDER: join(place, 'out'),
      REJECTED_FOLDER: join(place, 'rejected'),
    }
    return { cli, config: 'facilities/lockstep.config.ts', env }
  }

  const names = (suffix: string, folder = 'out') =>
    readdir(join(place, folder)).then((all) => all.filter((name) => name.endsWith(suffix)).sort())

  it('publishes in one command what plain SQL says, but for the rows that Google would refuse', async () => {
    const { env } = example()
    const options = ['--rows', String(ROWS), '--faults', '4']
    const planted = z.array(Planted).parse(await generate('facilities/generator.mjs', options, env))
    expect(planted).toHaveLength(28)
    expect(JSON.stringify(await doctor(example()))).not.toContain('"level":"error"')
    const { code, stderr } = await lockstep(example(), ['run', 'facilities'])
    expect(code, stderr).toBe(0)

    const [file = ''] = await names('.filesetdesc.json')
    const descriptor = Descriptor.parse(JSON.parse(await readFile(join(place, 'out', file), 'utf8')))
    expect(file).toBe(`${NAME}-${descriptor.generation_timestamp}.filesetdesc.json`)
    expect(descriptor.data_file).toHaveLength(4)
    const files = await Promise.all(descriptor.data_file.map((name) => readFile(join(place, 'out', name))))
    const entities = files.flatMap((bytes) => JSON.parse(gunzipSync(bytes).toString()).data)
    const keys = planted.map(({ id }) => id).sort((left, right) => left - right)
    const rows = await query(database.url, ENTITIES.replace(':planted', `'${keys.join(',')}'`))
    expect(rows).toHaveLength(ROWS - 28)
    expect(entities).toEqual(rows.map(({ entity }) => entity))

    const [quarantine = ''] = await names('.ndjson', 'rejected')
    const lines = (await readFile(join(place, 'rejected', quarantine), 'utf8')).trimEnd().split('\n')
    expect(lines.map((line) => Rejected.parse(JSON.parse(line)).key[0])).toEqual(keys)
  }, 120_000)

  it('verifies as whole, and leaves the feed as it was when too many rows are refused', async () => {
    const before = await names('')
    expect((await lockstep(example(), ['feed', 'verify', 'facilities'])).code).toBe(0)
    await query(database.url, 'update facility set latitude = 100 where id % 5 = 0')
    const { code, stdout, stderr } = await lockstep(example(), ['run', 'facilities'])
    expect(code).toBe(5)
    expect(stdout + stderr).toMatch(/cannot be published \(5\d\d entity-invalid: location\.latitude is not between/)
    expect(await names('')).toEqual(before)
  }, 60_000)

  it('takes about fifteen lines of config', async () => {
    const config = await schemaOf('facilities/lockstep.config.ts')
    const lines = config.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('import'))
    expect(lines.length).toBeLessThanOrEqual(15)
  })
})
