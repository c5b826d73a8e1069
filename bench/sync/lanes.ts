import { setTimeout as delay } from 'node:timers/promises'
import { type Measurement, measurement } from '../measurement.js'
import { plainSql } from '../plain-sql.js'
import type { BenchContext, Scenario } from '../scenario.js'
import { SHARE_OF_LINEAR, slowLink } from '../slow-links.js'
import { Lockstep } from './lockstep.js'
import { create, fillBoth, identical } from './tables.js'

const ROWS = 100_000
const LANES = 4
const PROCESSES = [1, 2, 4]
const LOOK_MS = 100

/** How long 1, 2 and 4 processes that share the lanes of a table take from their start until its empty other side is whole. */
export const syncLanes: Scenario = { name: 'sync-lanes', onlyNamed: true, run }

async function run(context: BenchContext): Promise<readonly Measurement[]> {
  const rows = context.rows ?? ROWS
  const { a, b } = await context.startPair()
  await using left = await plainSql(a.url())
  await using right = await plainSql(b.url())
  await using toLeft = await slowLink(a.url())
  await using toRight = await slowLink(b.url())
  await using lockstep = await Lockstep.project({ a: toLeft.url, b: toRight.url }, 'records', LANES)
  const seconds: number[] = []
  for (const processes of PROCESSES) {
    await Promise.all([create(left), create(right)])
    await fillBoth(left, right, rows)
    await right.run('truncate records')
    const since = performance.now()
    const starting = Promise.all(Array.from({ length: processes }, () => lockstep.startSync()))
    while ((await right.run('select count(*)::int as n from records')).rows[0].n < rows) {
      context.signal.throwIfAborted()
      await Promise.race([delay(LOOK_MS), starting.then(() => delay(LOOK_MS))])
    }
    seconds.push((performance.now() - since) / 1_000)
    if (!(await identical(left, right))) throw new Error('the sides are not the same')
    context.say(`${processes} processes: ${seconds.at(-1)?.toFixed(1)} s`)
    for (const sync of await starting) await sync.stop()
  }
  const [alone = 0, ...shared] = seconds
  return shared.map((value, at) => {
    const processes = PROCESSES[at + 1] ?? 0
    return measurement({
      scenario: 'sync-lanes',
      figure: `first fill of ${rows.toLocaleString('en-US')} rows: ${processes} processes`,
      value,
      unit: 's',
      peer: { name: '1 process', value: alone },
      goal: { timesFaster: SHARE_OF_LINEAR * processes },
    })
  })
}
