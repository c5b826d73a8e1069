import type { Items } from '../../core/batch.js'
import type { DeadLetterSink, DeadLetterStore, LetterFilter } from '../../core/dead-letter.js'
import type { FlowContext, ReplayReport } from '../../core/flow.js'
import type { Message } from '../../core/message.js'
import type { Sink } from '../../core/sink.js'
import type { Source } from '../../core/source.js'
import { traceparentOf } from '../../core/trace-context.js'
import type { Line } from '../../engine/line.js'
import { map } from '../../engine/map.js'
import type { RunOptions } from '../../engine/options.js'
import { run } from '../../engine/run.js'
import type { IngestSettings } from './ingest-settings.js'
import type { IngestItem } from './item.js'
import { describeItem } from './letter.js'
import { LetterSource } from './letter-source.js'
import { Preparation } from './prepare.js'

/** A rebalance of a consumer group shows as conflicts, and there may be many. */
const MAX_CONFLICTS = 1_000

/** Batches of all lanes that may wait while others are written, and of one lane with the one that is. More cost memory. */
const READY_BATCHES = 2
const BATCHES_OF_A_LANE = 4
/** Beyond, a row gains nothing from being in a larger transaction. */
const MAX_ITEMS_TOGETHER = 5_000

/** What the database says of a row whose parent is not there. */
export const ORPHAN = 'foreign-key-violation'

export interface IngestParts {
  readonly settings: IngestSettings
  readonly source: Source<Message>
  readonly sink: Sink<IngestItem>
  readonly deadLetters: DeadLetterSink
}

/** The line of an `ingest`: messages, prepared, into the tables. */
export function ingestLine(parts: IngestParts, context: FlowContext): Line<IngestItem> {
  const { settings, source, sink, deadLetters } = parts
  const { name: flow, observer } = context
  const preparation = new Preparation(settings, {
    names: settings.destination.names,
    skipped: (lane, count) => observer({ flow, type: 'skipped', lane, count, reason: 'unknown-type' }),
  })
  return {
    flow,
    source: map(source, (items, batch) => preparation.prepare(items, batch)),
    sink,
    deadLetters,
    describe: describeItem,
    faultOf: (item) => item.fault,
    holds: (code) => settings.orphans === 'hold' && code === ORPHAN,
    sizeOf: bytesOf,
    traceparentOf: ({ message }) => traceparentOf(message.headers),
    labels: { source: settings.from.label, sink: settings.destination.database.label },
  }
}

export function runOptions(settings: IngestSettings, context: FlowContext): RunOptions {
  const { drain, abort, observer, untilCaughtUp } = context
  return {
    observer,
    drain,
    abort,
    untilCaughtUp,
    maxConflicts: MAX_CONFLICTS,
    systemicShare: settings.stopAbove,
    maxConcurrentWrites: settings.lanes,
    // Bodies and rows are in memory: as many batches as are written at a time, and some that are ready.
    maxInFlightBatches: settings.lanes + READY_BATCHES,
    maxBufferedBatches: BATCHES_OF_A_LANE,
    maxItemsTogether: MAX_ITEMS_TOGETHER,
    maxBytesTogether: settings.batch.bytes,
    // A message is there as bytes, as a value, as rows and as a statement: of large ones only a few fit at a time.
    maxInFlightBytes: 2 * settings.batch.bytes,
  }
}

function bytesOf(items: Items<IngestItem>): number {
  let bytes = 0
  for (const { message } of items) bytes += message.body.length
  return bytes
}

export interface Replaying extends Omit<IngestParts, 'source' | 'deadLetters'> {
  readonly store: DeadLetterStore
  readonly deadLetters: DeadLetterSink
  readonly filter: LetterFilter
  readonly lane: string
}

/** Sends letters through the whole line again. Those that are stored are marked; the others are stored as letters again. */
export async function replayLetters(replaying: Replaying, context: FlowContext): Promise<ReplayReport> {
  const { store, filter, lane, settings } = replaying
  await using source = new LetterSource({ flow: context.name, lane, store, filter })
  const line = ingestLine({ ...replaying, source }, context)
  await run(line, { ...runOptions(settings, context), untilCaughtUp: false, systemicShare: 1 })
  const { letters, replayed } = source.counts
  return { letters, replayed, failed: letters - replayed }
}
