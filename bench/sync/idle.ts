import { setTimeout as pause } from 'node:timers/promises'
import { measurement } from '../measurement.js'
import { plainSql } from '../plain-sql.js'
import type { Scenario } from '../scenario.js'
import { lagOfRows } from './lag.js'
import { Lockstep } from './lockstep.js'
import { create, SETTINGS } from './tables.js'

const IDLE_SECONDS = 20
const PROBES = 40

/** `sync` with nothing to do, and the first row after a quiet time. */
export const syncIdle: Scenario = {
  name: 'sync-idle',
  async run(context) {
    const { a, b } = await context.startPair(SETTINGS)
    await using left = await plainSql(a.url())
    await using right = await plainSql(b.url())
    await Promise.all([create(left), create(right)])
    await using lockstep = await Lockstep.project({ a: a.url(), b: b.url() }, 'records')
    const sync = await lockstep.startSync()
    await pause(5_000)
    context.say(`idle for ${IDLE_SECONDS} s`)
    const before = await sync.cpuSeconds()
    await pause(IDLE_SECONDS * 1_000)
    const share = ((await sync.cpuSeconds()) - before) / IDLE_SECONDS
    context.say(`${PROBES} single rows, a second apart`)
    for (let probe = 0; probe < PROBES; probe++) {
      await pause(1_000 + Math.random() * 50)
      await (probe % 2 === 0 ? left : right).run(`insert into records values (gen_random_uuid(), 'probe')`)
    }
    await pause(1_000)
    await sync.stop()
    const lag = await lagOfRows(left, right, 0)
    if (lag.rows !== PROBES) throw new Error(`${lag.rows} of ${PROBES} rows arrived`)
    const figure = (name: string) => ({ scenario: 'sync-idle', figure: name })
    return [
      measurement({ ...figure('processor while idle'), value: share * 100, unit: '% of a core', goal: { atMost: 2 } }),
      measurement({ ...figure('first row after quiet, p50'), value: lag.p50Ms, unit: 'ms', goal: { atMost: 20 } }),
      measurement({ ...figure('first row after quiet, worst'), value: lag.p99Ms, unit: 'ms', goal: { atMost: 20 } }),
    ]
  },
}
