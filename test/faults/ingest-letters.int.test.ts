import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BuiltCli, builtCli } from '../support/built-cli.js'
import { FLOW, kill, lockstep, startIngest, stop } from '../support/ingest/ingest-process.js'
import { json, type Notes, type Publication, Published } from '../support/ingest/published.js'
import type { IngestSetup } from '../support/ingest/setup.js'
import { kurrentdbStream, pubsubStream } from '../support/ingest/streams.js'
import { expectFold, mariadbTarget, postgresTarget, type Target } from '../support/ingest/target.js'
import { mariadbQuery, testMariadb } from '../support/mariadb.js'
import { testDatabase } from '../support/postgres.js'
import { query } from '../support/sql.js'

const { url } = testDatabase()
const maria = testMariadb().url
const LINES = [
  { name: 'Pub/Sub into PostgreSQL', start: () => pubsubStream(), target: postgresTarget(url), sql: query, url },
  {
    name: 'KurrentDB into MariaDB',
    start: () => kurrentdbStream(),
    target: mariadbTarget(maria),
    sql: mariadbQuery,
    url: maria,
  },
]

let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
})
afterAll(() => cli[Symbol.asyncDispose]())

/** Versions as text, which only the mended schema takes: of sensors that are also written otherwise. */
function misread(published: Published, count: number): readonly Publication[] {
  return Array.from({ length: count }, () => {
    const sensor = published.random.integer(1, 150)
    const version = published.random.integer(1, 1_000)
    const value = `${sensor} at ${version}`
    return { body: json({ sensor, version: `v${version}`, value }), reading: { sensor, version, value } }
  })
}

async function states(target: Target, ids: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  return new Set((await target.letters()).filter(({ id }) => ids.has(id)).map(({ state }) => state))
}

describe.each(LINES)('letters of a flow from $name', ({ start, target, sql, url: address }) => {
  test('whose schema was mended: replay stores what is sound now, older rows never win, the rest stays', async () => {
    await using stream = await start()
    await target.reset()
    const before = new Published()
    const late = new Published(before.seed + 1)
    const all = new Published(before.seed)
    const noted = (part: Published): Notes => ({
      note(id, publication) {
        part.note(id, publication)
        all.note(id, publication)
      },
    })
    await stream.publish(before.make(400, 0.05), noted(before))
    await stream.publish(misread(before, 60), noted(late))
    // Whole batches are misread.
    const setup: IngestSetup = { from: stream.setup, into: target.setup, stopAbove: 1 }
    const first = await startIngest(cli, setup, { args: ['--until-caught-up'] }).ended
    expect(first.code, first.stdout).toBe(0)
    await expectFold(target, before, { ...stream, letters: new Set([...before.poison, ...late.sound]) })

    const replay = ['dead-letters', 'replay', FLOW, '--all', '--json']
    const { code, stdout, stderr } = await lockstep(cli, { ...setup, mended: true }, replay).ended
    expect(code, stdout + stderr).toBe(5)
    const poison = before.poison.size
    expect(JSON.parse(stdout)).toMatchObject({ letters: poison + 60, replayed: 60, failed: poison })
    expect(await target.rows(), `seed ${before.seed}`).toEqual(all.rows)
    expect(await states(target, late.sound)).toEqual(new Set(['replayed']))
    expect(await states(target, before.poison)).toEqual(new Set(['dead']))
    const tries = (await target.letters()).filter(({ id }) => before.poison.has(id)).map(({ attempts }) => attempts)
    expect(new Set(tries)).toEqual(new Set([2]))

    const again = await lockstep(cli, { ...setup, mended: true }, replay).ended
    expect(JSON.parse(again.stdout)).toMatchObject({ letters: poison, replayed: 0, failed: poison })
    expect(await target.rows()).toEqual(all.rows)
  })

  test('that wait for a parent outlive kill -9, and are stored once it has come', async () => {
    await using stream = await start()
    await target.reset()
    await sql(address, 'alter table readings add foreign key (sensor) references sensors (sensor)')
    const children = new Published()
    const setup: IngestSetup = {
      ...{ from: stream.setup, into: target.setup, orphans: 'hold' },
      tables: ['sensors', 'readings', 'effects'],
    }
    await stream.publish(children.make(300), children)
    const first = startIngest(cli, setup)
    const held = async () => (await target.letters()).filter(({ state }) => state === 'held').length
    // Each of them is found by itself.
    await expect.poll(held, { timeout: 60_000 }).toBe(children.sound.size)
    expect(await target.rows()).toEqual([])
    await kill(first)
    expect(await held()).toBe(children.sound.size)

    const parents = children.rows.map(({ sensor }) => ({
      body: json({ kind: 'sensor', sensor, version: 0, value: 'is there' }),
    }))
    const came = new Published()
    await stream.publish(parents, came)
    const second = startIngest(cli, setup)
    // A pass that came before the parents is followed by a rest four times as long.
    await expect.poll(held, { timeout: 90_000 }).toBe(0)
    await expect
      .poll(async () => (await target.effects()).size, { timeout: 60_000 })
      .toBe(children.sound.size + parents.length)
    expect(await target.rows(), `seed ${children.seed}`).toEqual(children.rows)
    expect(await states(target, children.sound)).toEqual(new Set(['replayed']))
    expect(await stop(second)).toBe(0)
  }, 150_000)
})
