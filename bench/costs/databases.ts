import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FlowCost, FlowName } from '../../scripts/sizing/costs.js'
import type { EmbeddedServer } from '../../src/embedded/server.js'
import { fillReferences } from '../check-references.js'
import { fillFacilities } from '../feed/feed.js'
import { type PlainSql, plainSql } from '../plain-sql.js'
import { create, fillBoth, identical } from '../sync/tables.js'
import { measure } from './measure.js'
import { processorSeconds } from './processor-time.js'

/** What costs little per row is measured over more of them. */
const MORE = 4
/** Of the rows that differ: one in so many. */
const ONE_IN = 100
const PER_TRANSACTION = 1_000

export interface Place {
  readonly a: EmbeddedServer
  readonly b: EmbeddedServer
  readonly rows: number
  say(text: string): void
}

export type CostEntry = readonly [FlowName, FlowCost]

/** `sync`, `check` and `feed`, between two servers. */
export async function databaseCosts(place: Place): Promise<readonly CostEntry[]> {
  await using left = await plainSql(place.a.url())
  await using right = await plainSql(place.b.url())
  const sides = { left, right }
  return [
    ...(await comparisons(place, sides)),
    ['sync-fill', await fill(place, sides)],
    ['sync-follow', await follow(place, sides)],
    ['feed', await feed(place, left)],
    ['check-references', await references(place, left)],
  ]
}

interface Sides {
  readonly left: PlainSql
  readonly right: PlainSql
}

async function comparisons({ a, b, rows: few, say }: Place, { left, right }: Sides): Promise<readonly CostEntry[]> {
  const rows = few * MORE
  const sides = { rows, source: a, target: b }
  say(`comparing two tables of ${rows.toLocaleString('en-US')} rows`)
  await Promise.all([create(left), create(right)])
  await fillBoth(left, right, rows)
  const compare = await measure({ ...sides, job: { kind: 'sync' } })
  const equal = await measure({ ...sides, job: { kind: 'check' }, verdict: 'same' })
  const some = `select md5(i::text)::uuid from generate_series(1, ${rows}, ${ONE_IN}) as i`
  await left.run(`update records set value = value || '!' where id in (${some})`)
  await left.run('vacuum analyze records')
  const different = await measure({ ...sides, job: { kind: 'check' }, verdict: 'different' })
  return [
    ['sync-compare', compare],
    ['check-equal', equal],
    ['check-different', different],
  ]
}

async function fill({ a, b, rows, say }: Place, { left, right }: Sides): Promise<FlowCost> {
  say(`filling an empty side with ${rows.toLocaleString('en-US')} rows`)
  await Promise.all([create(left), create(right)])
  await left.run(recordsFrom(1, rows))
  await left.run('vacuum (analyze, freeze) records')
  await Promise.all([left.run('checkpoint'), right.run('checkpoint')])
  const cost = await measure({ rows, source: a, target: b, job: { kind: 'sync' } })
  if (!(await identical(left, right))) throw new Error('the tables differ after the first fill')
  return cost
}

/** Rows that come flat out on one side; what the loader's own backend uses is not the tool's. */
async function follow({ a, b, rows, say }: Place, { left, right }: Sides): Promise<FlowCost> {
  say(`following ${rows.toLocaleString('en-US')} rows`)
  await Promise.all([create(left), create(right)])
  await Promise.all([left.run('checkpoint'), right.run('checkpoint')])
  const { rows: backends } = await left.run('select pg_backend_pid() as pid')
  const loader = Number(backends[0].pid)
  const cost = await measure({
    rows,
    source: a,
    target: b,
    job: { kind: 'sync', items: rows },
    async during(tool) {
      await tool.told('compared')
      const before = await processorSeconds(loader)
      for (let from = 1; from <= rows; from += PER_TRANSACTION) {
        await left.run(recordsFrom(from, Math.min(rows, from + PER_TRANSACTION - 1)))
      }
      return (await processorSeconds(loader)) - before
    },
  })
  if (!(await identical(left, right))) throw new Error('the tables differ after following')
  return cost
}

function recordsFrom(first: number, last: number): string {
  return `insert into records select md5(i::text)::uuid, md5((-i)::text) from generate_series(${first}, ${last}) as i`
}

async function feed({ a, rows, say }: Place, client: PlainSql): Promise<FlowCost> {
  say(`publishing ${rows.toLocaleString('en-US')} facilities`)
  await client.run(fillFacilities(rows))
  await client.run('vacuum analyze facility')
  const path = await mkdtemp(join(tmpdir(), 'lockstep-costs-'))
  try {
    return await measure({ rows, source: a, job: { kind: 'feed', path } })
  } finally {
    await rm(path, { recursive: true, force: true })
  }
}

async function references({ a, rows: few, say }: Place, client: PlainSql): Promise<FlowCost> {
  const rows = few * MORE
  say(`checking ${rows.toLocaleString('en-US')} references`)
  for (const statement of fillReferences(rows)) await client.run(statement)
  return measure({ rows, source: a, job: { kind: 'references' }, verdict: 'same' })
}
