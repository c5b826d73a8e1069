import { measurement } from '../measurement.js'
import { inTurns, plainSql, Timing } from '../plain-sql.js'
import type { Scenario } from '../scenario.js'
import { Lockstep } from './lockstep.js'
import { create, fillBoth, SETTINGS } from './tables.js'

const ROWS = 10_000_000
const ROUNDS = 3

/** The comparison with which `sync` starts, on equal tables. */
export const syncStart: Scenario = {
  name: 'sync-start',
  async run(context) {
    const rows = context.rows ?? ROWS
    const { a, b } = await context.startPair({ ...SETTINGS, track_commit_timestamp: 'off' })
    await using left = await plainSql(a.url())
    await using right = await plainSql(b.url())
    await using lockstep = await Lockstep.project({ a: a.url(), b: b.url() }, 'records')
    context.say(`filling two tables with ${rows} rows`)
    await Promise.all([create(left), create(right)])
    await fillBoth(left, right, rows)
    const scan = 'select count(*), sum(hash_record_extended(row(id, value), 0)) from records'
    const scans = new Timing(() => Promise.all([left.run(scan), right.run(scan)]))
    let startMs = Number.POSITIVE_INFINITY
    const starts = new Timing(async () => {
      const sync = await lockstep.startSync()
      startMs = Math.min(startMs, sync.startMs)
      await sync.stop()
    })
    context.say('starts and digest scans in turns')
    await inTurns(ROUNDS, [starts, scans])
    return [
      measurement({
        scenario: 'sync-start',
        figure: `comparison at the start, ${rows / 1e6} M rows`,
        value: startMs / 1_000,
        unit: 's',
        peer: { name: 'one digest scan of each side', value: scans.bestSeconds },
        goal: { atMost: 1.3 },
      }),
    ]
  },
}
