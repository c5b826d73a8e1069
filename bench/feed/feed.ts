import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { folder } from '../../src/adapters/objects/files/index.js'
import { postgres } from '../../src/adapters/postgres/index.js'
import type { FlowContext } from '../../src/core/flow.js'
import { feed as feedFlow } from '../../src/flows/feed/feed.js'
import { json } from '../../src/flows/feed/format.js'
import { type Measurement, measurement } from '../measurement.js'
import { inTurns, plainSql, Timing } from '../plain-sql.js'
import type { BenchContext, Scenario } from '../scenario.js'
import { memoryOf } from './memory.js'

const DEFAULT_ROWS = 2_000_000
const ROUNDS = 3
const LEVEL = 6

/** `feed` of a table as JSON, compressed, against psql and gzip in a pipe. */
export const feed: Scenario = { name: 'feed', run }

async function run(context: BenchContext): Promise<readonly Measurement[]> {
  const rows = context.rows ?? DEFAULT_ROWS
  const { a } = await context.startPair()
  await using client = await plainSql(a.url())
  context.say(`filling a table with ${rows.toLocaleString('en-US')} facilities`)
  await client.run(fillFacilities(rows))
  await client.run('vacuum analyze facility')
  const place = await mkdtemp(join(tmpdir(), 'lockstep-bench-feed-'))
  try {
    const plain = new Timing(() => publish({ url: a.url(), path: join(place, 'plain'), mapped: false }))
    const mapped = new Timing(() => publish({ url: a.url(), path: join(place, 'mapped'), mapped: true }))
    const piped = new Timing(() => copyAndGzip(a.url(), join(place, 'piped.gz')))
    context.say('feed without map, feed with map, psql piped to gzip')
    await inTurns(ROUNDS, [plain, mapped, piped])
    const peer = { name: `psql COPY of row_to_json | gzip -${LEVEL}`, value: piped.bestSeconds }
    const of = `JSON, gzip level ${LEVEL}, ${rows.toLocaleString('en-US')} rows`
    return [
      measurement({
        scenario: 'feed',
        figure: of,
        value: plain.bestSeconds,
        unit: 's',
        peer,
        goal: { timesFaster: 1.6 },
      }),
      measurement({
        scenario: 'feed',
        figure: `${of}, with map`,
        value: mapped.bestSeconds,
        unit: 's',
        peer,
        goal: { timesFaster: 1.6 },
      }),
      ...(await memoryOf({ url: a.url(), path: place, rows })),
    ]
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

/** As `lockstep run` does it, the reading back of all files included. */
async function publish(export_: { url: string; path: string; mapped: boolean }): Promise<void> {
  await using database = postgres(export_.url)
  const common = {
    from: database.table('facility'),
    as: json({ envelope: 'data' }),
    to: folder(export_.path),
    gzip: { level: LEVEL },
    keep: 1,
  }
  const flow = export_.mapped ? feedFlow({ ...common, map: toEntity }) : feedFlow(common)
  const { signal } = new AbortController()
  const context: FlowContext = {
    name: 'facilities',
    observer: () => undefined,
    drain: signal,
    abort: signal,
    untilCaughtUp: false,
  }
  await flow.run(context)
}

function toEntity(row: Readonly<Record<string, unknown>>) {
  return {
    entity_id: String(row['id']),
    name: row['name'],
    telephone: row['phone'],
    url: row['url'],
    location: {
      latitude: row['latitude'],
      longitude: row['longitude'],
      address: {
        country: row['country'],
        locality: row['locality'],
        region: row['region'],
        postal_code: row['postal_code'],
        street_address: row['street_address'],
      },
    },
  }
}

async function copyAndGzip(url: string, path: string): Promise<void> {
  const target = await open(path, 'w')
  try {
    const copy = 'copy (select row_to_json(f) from facility f order by id) to stdout'
    const psql = spawn('psql', ['-X', '-q', '-c', copy, url], { stdio: ['ignore', 'pipe', 'inherit'] })
    const gzip = spawn('gzip', [`-${LEVEL}`], { stdio: [psql.stdout, target.fd, 'inherit'] })
    const [[copied], [zipped]] = await Promise.all([once(psql, 'exit'), once(gzip, 'exit')])
    if (copied !== 0 || zipped !== 0) throw new Error(`psql ended with ${copied}, gzip with ${zipped}`)
    await target.sync()
  } finally {
    await target.close()
  }
}

/** Facilities, some 180 bytes of JSON each. */
export function fillFacilities(rows: number): string {
  return `create table facility (id serial primary key, name text not null, phone text, url text, latitude double precision,
      longitude double precision, country text, locality text, region text, postal_code text, street_address text);
    insert into facility (name, phone, url, latitude, longitude, country, locality, region, postal_code, street_address)
    select initcap(left(md5('n' || n), 5 + n % 7)) || ' ' || (array['Clinic', 'Dental', 'Pharmacy', 'Care'])[1 + n % 4],
      '+1 ' || 200 + n % 700 || ' ' || 1000000 + hashint4(n) % 900000, 'https://' || left(md5('u' || n), 10) || '.example/book/' || n,
      (hashint4(n) % 9000000) / 100000.0, (hashint4(n + 7) % 18000000) / 100000.0, 'US',
      initcap(left(md5('l' || n % 4000), 8)), (array['CA', 'NY', 'TX', 'WA', 'OR'])[1 + n % 5],
      lpad((abs(hashint4(n)) % 99999)::text, 5, '0'), abs(hashint4(n)) % 9999 || ' ' || initcap(left(md5('s' || n % 9000), 9)) || ' Street'
    from generate_series(1, ${rows}) n`
}
