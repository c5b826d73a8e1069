import type { Config } from '../../config/define-config.js'
import type { NamedFlow } from '../../config/select-flows.js'
import { EventLog } from '../../observe/events/event-log.js'
import { stateOf } from '../open-config.js'

const KEEP_DAYS = 30
const KEEP_ROWS = 10_000

/** The event log of these flows, as the config says. */
export function openEvents(config: Config, flows: readonly NamedFlow[]): EventLog {
  const { eventLog = {} } = config
  if (eventLog === false) return new EventLog({ flows: [], keep: { days: KEEP_DAYS, rows: KEEP_ROWS } })
  return new EventLog({
    flows: flows.map((named) => ({ name: named.name, state: stateOf(config, named)?.state })),
    keep: { days: eventLog.keepDays ?? KEEP_DAYS, rows: eventLog.keepRows ?? KEEP_ROWS },
  })
}
