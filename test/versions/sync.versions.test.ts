import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Binaries, copyBinaries } from '../../src/embedded/binaries.js'
import { EmbeddedServer } from '../../src/embedded/server.js'
import { FAST_SETTINGS } from '../support/postgres-servers.js'
import { query, someRows, startAfresh, value } from '../support/sql.js'
import { becomeIdentical, startSync } from '../support/sync-run.js'

/** Debian's PostgreSQL, of another version than the embedded one: the digests and texts of the two must be the same. */
const INSTALLED = '/usr/lib/postgresql'

let embedded: Binaries
let old: EmbeddedServer
let young: EmbeddedServer

beforeAll(async () => {
  embedded = await copyBinaries()
  old = await EmbeddedServer.start(installedBinaries(), { settings: FAST_SETTINGS })
  young = await EmbeddedServer.start(embedded, { settings: FAST_SETTINGS })
})

afterAll(async () => {
  await Promise.all([old?.[Symbol.asyncDispose](), young?.[Symbol.asyncDispose]()])
  await embedded?.[Symbol.asyncDispose]()
})

test('an older server and a newer one are compared by digests and kept the same', async () => {
  const sides = { a: old.url(), b: young.url() }
  const versions = await Promise.all([sides.a, sides.b].map((url) => value(url, 'show server_version_num')))
  expect(new Set(versions.map((version) => String(version).slice(0, 2))).size).toBe(2)
  await startAfresh(
    sides,
    `create table records (id uuid primary key, value text, amount numeric(12,2), at timestamptz(6) default now(),
      note jsonb, tags text[], flag bool, price float8, day date, address inet, raw bytea)`,
  )
  const wide = (
    from: number,
  ): string => `insert into records select gen_random_uuid(), md5(i::text), i / 7.0, now() - i * interval '1 us',
      jsonb_build_object('i', i), array['a', null, i::text], i % 2 = 0, sqrt(i), date '2000-02-29' + i, ('10.0.0.' || i % 250)::inet, decode(md5(i::text), 'hex')
      from generate_series(${from}, ${from + 999}) as i`
  await query(sides.a, wide(1))
  await query(sides.b, wide(5_000))
  await using sync = startSync(sides)
  expect(await sync.compared()).toMatchObject({ verdict: 'same', figures: { toLeft: 1_000, toRight: 1_000 } })
  await query(sides.a, wide(10_000))
  await query(sides.b, someRows('b', 500))
  await becomeIdentical(sides)
  expect(await value(sides.a, 'select count(*)::int from records')).toBe(3_500)
})

function installedBinaries(): Binaries {
  const version = readdirSync(INSTALLED).find((name) => existsSync(join(INSTALLED, name, 'bin/postgres')))
  if (version === undefined) throw new Error('no PostgreSQL of Debian is installed: apt-get install postgresql')
  const bin = join(INSTALLED, version, 'bin')
  return {
    initdb: join(bin, 'initdb'),
    postgres: join(bin, 'postgres'),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}
