import { check } from './check.js'
import type { Scenario } from './scenario.js'
import { syncBusy } from './sync/busy.js'
import { syncIdle } from './sync/idle.js'
import { syncReplication } from './sync/replication.js'
import { syncStart } from './sync/start.js'

/** In the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [syncBusy, syncIdle, syncReplication, syncStart, check]
