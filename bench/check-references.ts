import { postgres } from '../src/adapters/postgres/index.js'
import type { FlowContext, ReferencesReport } from '../src/core/flow.js'
import type { EmbeddedServer } from '../src/embedded/server.js'
import { check } from '../src/flows/check/check.js'
import { type Measurement, measurement } from './measurement.js'
import { inTurns, plainSql, Timing } from './plain-sql.js'
import type { BenchContext, Scenario } from './scenario.js'

const DEFAULT_ROWS = 10_000_000
const ROUNDS = 3
const TABLES = ['sent', 'attached', 'contacts', 'bodies'] as const
/** References to one blob, on average. */
const REFERENCES_OF_A_BLOB = 10

/** `check.references` over four tables against one SQL statement that joins and groups, all in a single database. */
export const checkReferences: Scenario = { name: 'check-references', run }

async function run(context: BenchContext): Promise<readonly Measurement[]> {
  const rows = context.rows ?? DEFAULT_ROWS
  const { a } = await context.startPair()
  await using client = await plainSql(a.url())
  context.say(`filling four tables with ${rows.toLocaleString('en-US')} references`)
  for (const statement of fillReferences(rows)) await client.run(statement)
  // As much as it takes to group in memory.
  await client.run("set work_mem = '1GB'")
  context.say('equal: check, one GROUP BY join')
  const memory = { mostBytes: 0 }
  const beforeBytes = process.memoryUsage().rss
  const checks = new Timing(async () => {
    const report = await checkOnce(context, a, memory)
    if (report.verdict !== 'same' || report.total !== rows)
      throw new Error(`right numbers were found ${report.verdict}`)
  })
  const joins = new Timing(async () => {
    const { rows: found } = await client.run(join())
    if (found.length > 0) throw new Error('the peer found differences')
  })
  await inTurns(ROUNDS, [checks, joins])
  return [
    measurement({
      scenario: 'check-references',
      figure: `${rows.toLocaleString('en-US')} references in 4 tables`,
      value: checks.bestSeconds,
      unit: 's',
      peer: { name: 'one SQL GROUP BY join', value: joins.bestSeconds },
      goal: { atMost: 1.3 },
    }),
    measurement({
      scenario: 'check-references',
      figure: `resident memory, beside ${Math.round(beforeBytes / 2 ** 20)} MB of the bench itself`,
      value: (memory.mostBytes - beforeBytes) / 2 ** 20,
      unit: 'MB',
      goal: { atMost: 200 },
    }),
  ]
}

/** Few blobs have most of the references, many have none. */
export function fillReferences(rows: number): readonly string[] {
  const blobs = Math.ceil(rows / REFERENCES_OF_A_BLOB)
  const share = Math.floor(rows / TABLES.length)
  return [
    ...TABLES.flatMap((table, index) => [
      `create table ${table} as select n::bigint as id, (1 + floor(${blobs} * power(random(), ${index + 1})))::bigint as blob_id
         from generate_series(1, ${index === 0 ? rows - 3 * share : share}) n`,
      `create index on ${table} (blob_id)`,
    ]),
    'create table blobs (id bigint primary key, refs bigint not null)',
    `insert into blobs select id, 0 from generate_series(1, ${blobs}) id`,
    `update blobs set refs = n from (select blob_id, count(*) as n from (${union()}) r group by blob_id) c where blob_id = id`,
    'vacuum full blobs',
    'vacuum analyze',
  ]
}

function union(): string {
  return TABLES.map((table) => `select blob_id from ${table}`).join(' union all ')
}

function join(): string {
  return `select coalesce(b.id, c.blob_id), b.refs, c.n
    from blobs b full join (select blob_id, count(*) as n from (${union()}) r group by blob_id) c on c.blob_id = b.id
    where coalesce(b.refs, 0) <> coalesce(c.n, 0) or b.id is null`
}

/** As `lockstep check` does it, with connections of its own each time. */
async function checkOnce(
  { say }: Pick<BenchContext, 'say'>,
  server: EmbeddedServer,
  memory: { mostBytes: number },
): Promise<ReferencesReport> {
  await using database = postgres(server.url())
  const { signal } = new AbortController()
  const context: FlowContext = {
    name: 'bench',
    observer: (event) => (event.type === 'retry' ? say(event.error.message) : undefined),
    drain: signal,
    abort: signal,
    untilCaughtUp: true,
  }
  const flow = check.references({
    master: database.table('blobs').column('refs'),
    references: TABLES.map((table) => database.table(table).column('blob_id')),
  })
  const watch = setInterval(() => {
    memory.mostBytes = Math.max(memory.mostBytes, process.memoryUsage().rss)
  }, 50)
  try {
    const report = await flow.check?.(context, {})
    if (report?.kind !== 'references') throw new Error('a check of references reports references')
    return report
  } finally {
    clearInterval(watch)
  }
}
