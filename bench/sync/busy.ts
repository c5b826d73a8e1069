import { setTimeout as pause } from 'node:timers/promises'
import { type Measurement, measurement } from '../measurement.js'
import { type PlainSql, plainSql } from '../plain-sql.js'
import type { BenchContext, Scenario } from '../scenario.js'
import { lagOfRows } from './lag.js'
import { Lockstep } from './lockstep.js'
import { create, fillBoth, identical, SETTINGS } from './tables.js'

const ROWS = 1_000_000
const ROWS_BEFORE = 5_000_000
const CONVERGE_DEADLINE_MS = 60_000

/** `sync` while `load` inserts flat out into both sides: what the loader keeps, how far behind, how soon identical. */
export const syncBusy: Scenario = {
  name: 'sync-busy',
  async run(context) {
    const rows = context.rows ?? ROWS
    const before = Math.round((ROWS_BEFORE * rows) / ROWS)
    return [...(await underLoad(context, { rows, before: 0 })), ...(await underLoad(context, { rows, before }))]
  },
}

interface Size {
  readonly rows: number
  /** Equal rows on both sides from the start. */
  readonly before: number
}

async function underLoad(context: BenchContext, { rows, before }: Size): Promise<Measurement[]> {
  const { a, b } = await context.startPair(SETTINGS)
  await using left = await plainSql(a.url())
  await using right = await plainSql(b.url())
  await using lockstep = await Lockstep.project({ a: a.url(), b: b.url() }, 'records')
  const urls = [a.url(), b.url()]
  const note = before === 0 ? '' : `, ${before / 1e6} M rows before`

  context.say(`${rows} rows without sync${note}`)
  await Promise.all([create(left), create(right)])
  await fillBoth(left, right, before)
  const alone = await lockstep.load(urls, 'records', rows)
  await Promise.all([create(left), create(right)])
  await fillBoth(left, right, before)

  context.say(`${rows} rows with sync${note}`)
  const sync = await lockstep.startSync()
  const loadedFrom = Date.now()
  const loaded = await lockstep.load(urls, 'records', rows)
  const convergedMs = await converged(left, right)
  const memory = (await sync.memoryBytes()) / 1e6
  await sync.stop()
  if (!(await identical(left, right))) throw new Error('the tables differ after sync')
  const lag = await lagOfRows(left, right, loadedFrom)
  const figure = (name: string) => ({ scenario: 'sync-busy', figure: `${name}${note}` })
  return [
    measurement({
      ...figure('loader with sync'),
      value: loaded.rowsPerSecond,
      unit: 'rows/s',
      peer: { name: 'loader alone', value: alone.rowsPerSecond },
      goal: { atLeast: 0.55 },
    }),
    measurement({ ...figure('identical after the load'), value: convergedMs, unit: 'ms', goal: { atMost: 1_000 } }),
    measurement({ ...figure('lag p50'), value: lag.p50Ms, unit: 'ms', goal: { atMost: 30 } }),
    measurement({ ...figure('lag p99'), value: lag.p99Ms, unit: 'ms', goal: { atMost: 120 } }),
    measurement({ ...figure('peak memory of sync'), value: memory, unit: 'MB', goal: { atMost: 200 } }),
  ]
}

/** Ms until both sides have the same number of rows and the same sum of hashes. */
async function converged(left: PlainSql, right: PlainSql): Promise<number> {
  const startedAt = performance.now()
  const count = 'select count(*)::int8 as n from records'
  for (;;) {
    const [one, other] = await Promise.all([left.run(count), right.run(count)])
    const passedMs = performance.now() - startedAt
    if (one.rows[0].n === other.rows[0].n) return passedMs
    if (passedMs > CONVERGE_DEADLINE_MS) throw new Error('the tables did not become the same')
    await pause(10)
  }
}
