import { check } from './check.js'
import { checkReferences } from './check-references.js'
import { costs } from './costs/costs.js'
import { events } from './events/events.js'
import { feed } from './feed/feed.js'
import { ingestKafka } from './ingest/kafka.js'
import { ingestKurrentdb } from './ingest/kurrentdb.js'
import { ingestPubsub } from './ingest/pubsub.js'
import { ingestSink } from './ingest/sink.js'
import type { Scenario } from './scenario.js'
import { syncBusy } from './sync/busy.js'
import { syncIdle } from './sync/idle.js'
import { syncLanes } from './sync/lanes.js'
import { syncReplication } from './sync/replication.js'
import { syncStart } from './sync/start.js'
import { workers } from './workers/workers.js'

/** In the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [
  syncBusy,
  syncIdle,
  syncReplication,
  syncStart,
  syncLanes,
  check,
  checkReferences,
  ingestSink,
  ingestPubsub,
  ingestKafka,
  ingestKurrentdb,
  feed,
  events,
  costs,
  ...workers,
]
