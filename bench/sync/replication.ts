import { setTimeout as pause } from 'node:timers/promises'
import { measurement } from '../measurement.js'
import { type PlainSql, plainSql } from '../plain-sql.js'
import type { Scenario } from '../scenario.js'
import { Lockstep } from './lockstep.js'
import { create, SETTINGS } from './tables.js'

const ROWS = 1_000_000

/** One way, the loader flat out into the left side: rows per second from its start until the last one is on the right. */
export const syncReplication: Scenario = {
  name: 'sync-replication',
  async run(context) {
    const rows = context.rows ?? ROWS
    const { a, b } = await context.startPair(SETTINGS)
    await using left = await plainSql(a.url())
    await using right = await plainSql(b.url())
    await using lockstep = await Lockstep.project({ a: a.url(), b: b.url() }, 'records')
    const best = { sync: 0, native: 0 }
    const through = async (): Promise<number> => {
      const startedAt = performance.now()
      await lockstep.load([a.url()], 'records', rows)
      await arrived(right, rows)
      return rows / ((performance.now() - startedAt) / 1_000)
    }
    for (let round = 0; round < 2; round++) {
      context.say(`round ${round + 1}: native logical replication`)
      await Promise.all([create(left), create(right)])
      await left.run('create publication bench for table records')
      await right.run(`create subscription bench connection '${a.url()}' publication bench`)
      await pause(2_000)
      best.native = Math.max(best.native, await through())
      await right.run('drop subscription bench')
      await left.run('drop publication bench')

      context.say(`round ${round + 1}: sync`)
      await Promise.all([create(left), create(right)])
      const sync = await lockstep.startSync()
      best.sync = Math.max(best.sync, await through())
      await sync.stop()
    }
    return [
      measurement({
        scenario: 'sync-replication',
        figure: 'one way, loader flat out',
        value: best.sync,
        unit: 'rows/s',
        peer: { name: 'native logical replication', value: best.native },
        goal: { atLeast: 0.9 },
      }),
    ]
  },
}

async function arrived(side: PlainSql, rows: number): Promise<void> {
  for (;;) {
    const { rows: found } = await side.run('select count(*)::int8 as n from records')
    if (Number(found[0].n) >= rows) return
    await pause(20)
  }
}
