import { postgres } from '../src/adapters/postgres/index.js'
import type { FlowContext, TablesReport } from '../src/core/flow.js'
import type { EmbeddedServer } from '../src/embedded/server.js'
import { checkTables } from '../src/flows/check/check-tables.js'
import { type Measurement, measurement } from './measurement.js'
import { inTurns, type PlainSql, plainSql, Timing } from './plain-sql.js'
import type { BenchContext, Scenario } from './scenario.js'

const DEFAULT_ROWS = 2_000_000
const ROUNDS = 3
const DIFFERENT_ROWS = 100
/** Into how many key ranges the usual method cuts a table at first. */
const SEGMENTS = 32

/** `check` of two tables on two servers against what the same comparison costs in plain SQL. */
export const check: Scenario = { name: 'check', run }

async function run(context: BenchContext): Promise<readonly Measurement[]> {
  const rows = context.rows ?? DEFAULT_ROWS
  const { a, b } = await context.startPair()
  await using left = await plainSql(a.url())
  await using right = await plainSql(b.url())
  const both = (sql: string): Promise<unknown> => Promise.all([left.run(sql), right.run(sql)])
  context.say(`filling two tables with ${rows.toLocaleString('en-US')} rows`)
  await both(fill(rows))
  await both('vacuum analyze records')
  return [
    ...(await equalTables({ context, a, b, left, right })),
    ...(await fewDifferences({ context, a, b, left, rows })),
  ]
}

interface Equal {
  readonly context: BenchContext
  readonly a: EmbeddedServer
  readonly b: EmbeddedServer
  readonly left: PlainSql
  readonly right: PlainSql
}

async function equalTables({ context, a, b, left, right }: Equal): Promise<Measurement[]> {
  const digestScan = 'select count(*), sum(hash_record_extended(row(id, value), 0)::numeric) from records'
  const segments = segmentsOf(SEGMENTS)
  context.say('equal tables: check, one digest scan of each side, md5 by segments')
  const checks = new Timing(async () => {
    const report = await checkOnce({ context, a, b })
    if (report.verdict !== 'same') throw new Error(`equal tables were found ${report.verdict}`)
  })
  const scans = new Timing(() => Promise.all([left.run(digestScan), right.run(digestScan)]))
  const md5s = new Timing(async () => {
    for (const segment of segments) await Promise.all([left.run(segment), right.run(segment)])
  })
  await inTurns(ROUNDS, [checks, scans, md5s])
  const figure = { scenario: 'check', figure: 'equal tables', value: checks.bestSeconds, unit: 's' }
  return [
    measurement({
      ...figure,
      peer: { name: 'one SQL digest scan of each side', value: scans.bestSeconds },
      goal: { atMost: 1.15 },
    }),
    measurement({
      ...figure,
      peer: { name: `md5 of concatenated text, ${SEGMENTS} key ranges`, value: md5s.bestSeconds },
      goal: { timesFaster: 4 },
    }),
  ]
}

interface Few {
  readonly context: BenchContext
  readonly a: EmbeddedServer
  readonly b: EmbeddedServer
  readonly left: PlainSql
  readonly rows: number
}

async function fewDifferences({ context, a, b, left, rows }: Few): Promise<Measurement[]> {
  context.say(`${DIFFERENT_ROWS} rows differ`)
  const step = Math.floor(rows / DIFFERENT_ROWS)
  const some = `id in (select md5(n::text)::uuid from generate_series(1, ${rows}, ${step}) n limit ${DIFFERENT_ROWS})`
  await left.run(`update records set value = value || '!' where ${some}`)
  const report = await checkOnce({ context, a, b })
  const found = report.changed + report.missingLeft + report.missingRight
  const total = Number(report.rows.left + report.rows.right)
  const of = `${DIFFERENT_ROWS} of ${rows.toLocaleString('en-US')} rows differ`
  return [
    measurement({
      scenario: 'check',
      figure: `${of}: found`,
      value: found,
      unit: 'rows',
      goal: { atLeast: DIFFERENT_ROWS },
    }),
    measurement({
      scenario: 'check',
      figure: `${of}: fetched`,
      value: (100 * report.fetchedRows) / total,
      unit: '% of the rows',
      goal: { atMost: 1 },
    }),
  ]
}

/** As `lockstep check` does it, with connections of its own each time. */
async function checkOnce({ context: { say }, a, b }: Pick<Equal, 'context' | 'a' | 'b'>): Promise<TablesReport> {
  await using left = postgres(a.url())
  await using right = postgres(b.url())
  const { signal } = new AbortController()
  const [leftTable, rightTable] = await Promise.all([
    left.table('records').open(signal),
    right.table('records').open(signal),
  ])
  const context: FlowContext = {
    name: 'bench',
    observer: (event) => (event.type === 'retry' ? say(event.error.message) : undefined),
    drain: signal,
    abort: signal,
    untilCaughtUp: true,
  }
  return await checkTables(leftTable, rightTable, context)
}

function fill(rows: number): string {
  return `create table records as
      select md5(n::text)::uuid as id, md5(n::text || 'value') || md5(n::text || 'more') as value from generate_series(1, ${rows}) n;
    alter table records add primary key (id)`
}

/** One statement per range of keys, as tools do that bisect by key: rows, and the sum of 60 bits of each row's md5. */
function segmentsOf(count: number): string[] {
  const border = (index: number): string =>
    `'${Math.floor((index * 2 ** 32) / count)
      .toString(16)
      .padStart(8, '0')}-0000-0000-0000-000000000000'`
  return Array.from({ length: count }, (_, index) => {
    const below = index + 1 < count ? ` and id < ${border(index + 1)}` : ''
    return `select count(*), sum(('x' || substring(md5(id::text || '|' || value), 18))::bit(60)::bigint)
      from records where id >= ${border(index)}${below}`
  })
}
