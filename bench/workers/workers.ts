import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { fillReferences } from '../check-references.js'
import { fillFacilities } from '../feed/feed.js'
import { type Measurement, measurement } from '../measurement.js'
import { type PlainSql, plainSql } from '../plain-sql.js'
import type { BenchContext, Scenario } from '../scenario.js'
import { SHARE_OF_LINEAR, slowLink } from '../slow-links.js'
import { CliProcess } from './cli-process.js'

const WORKERS = [1, 2, 4]
const ROUNDS = 2
/** Of how many rows one differs: found, and fetched twice, over the links. */
const DIFFERENT = 10
const LISTENING_WITHIN_MS = 60_000
const LOOK_MS = 100

interface SharedOut {
  readonly flow: 'tables' | 'references' | 'feed'
  readonly what: string
  readonly defaultRows: number
  readonly command: readonly string[]
  readonly exitCode: number
  fill(rows: number, sides: Sides): Promise<unknown>
}

interface Sides {
  readonly left: PlainSql
  readonly right: PlainSql
}

const KINDS: readonly SharedOut[] = [
  {
    flow: 'tables',
    what: `rows, one in ${DIFFERENT} differs`,
    defaultRows: 200_000,
    command: ['check', 'tables', '--limit', '0', '--json'],
    exitCode: 1,
    fill: (rows, { left, right }) => Promise.all([fillRecords(left, rows, 1), fillRecords(right, rows, 2)]),
  },
  {
    flow: 'references',
    what: 'references in 4 tables',
    defaultRows: 1_000_000,
    command: ['check', 'references', '--json'],
    exitCode: 0,
    fill: async (rows, { left }) => {
      for (const statement of fillReferences(rows)) await left.run(statement)
    },
  },
  {
    flow: 'feed',
    what: 'rows as NDJSON, gzip',
    defaultRows: 100_000,
    command: ['run', 'feed', '--once', '--json'],
    exitCode: 0,
    fill: (rows, { left }) => left.run(`${fillFacilities(rows)}; analyze facility`),
  },
]

/** Each kind of work that is shared out, by 1, 2 and 4 `lockstep worker`, each connection of which has a slow link of its own. */
export const workers: readonly Scenario[] = KINDS.map((kind) => ({
  name: `workers-${kind.flow}`,
  onlyNamed: true,
  run: (context) => run(kind, context),
}))

async function run(kind: SharedOut, context: BenchContext): Promise<readonly Measurement[]> {
  const rows = context.rows ?? kind.defaultRows
  const { a, b } = await context.startPair()
  await using left = await plainSql(a.url())
  await using right = await plainSql(b.url())
  const what = `${rows.toLocaleString('en-US')} ${kind.what}`
  context.say(`filling: ${what}`)
  await kind.fill(rows, { left, right })
  await using toLeft = await slowLink(a.url())
  await using toRight = await slowLink(b.url())
  const place = await mkdtemp(join(tmpdir(), 'lockstep-bench-workers-'))
  try {
    const seconds = new Map<number, number>()
    // They take turns, so that a slow moment of the machine strikes all of them alike.
    for (let round = 1; round <= ROUNDS; round++)
      for (const count of WORKERS) {
        const env = {
          LEFT_URL: toLeft.url,
          RIGHT_URL: toRight.url,
          QUEUE_URL: b.url(),
          FEED_FOLDER: join(place, `${round}-${count}`),
        }
        const took = await sharedOut(kind, { count, env, queue: right, signal: context.signal })
        context.say(`${count === 1 ? '1 worker' : `${count} workers`}: ${took.toFixed(1)} s`)
        seconds.set(count, Math.min(took, seconds.get(count) ?? took))
      }
    return figures(kind, what, seconds)
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

function figures({ flow }: SharedOut, what: string, seconds: ReadonlyMap<number, number>): readonly Measurement[] {
  const [[, alone] = [1, 0], ...more] = seconds
  return more.map(([count, value]) =>
    measurement({
      scenario: `workers-${flow}`,
      figure: `${what}: ${count} workers`,
      value,
      unit: 's',
      peer: { name: '1 worker', value: alone },
      goal: { timesFaster: SHARE_OF_LINEAR * count },
    }),
  )
}

interface Crew {
  readonly count: number
  readonly env: Readonly<Record<string, string>>
  readonly queue: PlainSql
  readonly signal: AbortSignal
}

const Summary = z.object({ durationMs: z.number() })

/** How long the coordinator says that it took, in seconds: without the start of its process. The workers are there before it. */
async function sharedOut({ command, exitCode }: SharedOut, { count, env, queue, signal }: Crew): Promise<number> {
  const crew = Array.from({ length: count }, () => new CliProcess({ args: ['worker'], env, signal }))
  try {
    const broken = Promise.race(crew.map((worker) => worker.failed()))
    await Promise.race([listening(queue, { count, signal }), broken])
    await using coordinator = new CliProcess({ args: command, env, signal })
    const summary = await Promise.race([coordinator.output(exitCode), broken])
    return Summary.parse(JSON.parse(summary)).durationMs / 1_000
  } finally {
    await Promise.all(crew.map((worker) => worker[Symbol.asyncDispose]()))
  }
}

async function listening(queue: PlainSql, { count, signal }: Pick<Crew, 'count' | 'signal'>): Promise<void> {
  for (const until = Date.now() + LISTENING_WITHIN_MS; Date.now() < until; ) {
    const { rows } = await queue.run(`select from pg_stat_activity where query like 'LISTEN%'`)
    if (rows.length >= count) return
    await delay(LOOK_MS, undefined, { signal })
  }
  throw new Error(`not all ${count} workers were there within ${LISTENING_WITHIN_MS} ms`)
}

async function fillRecords(side: PlainSql, rows: number, different: number): Promise<void> {
  await side.run(`create table records as select n::int8 as id,
    repeat(md5(n::text), 3) || case when n % ${DIFFERENT} = 0 then ${different} else 0 end as value from generate_series(1, ${rows}) n`)
  await side.run('alter table records add primary key (id)')
  await side.run('vacuum analyze records')
}
