import type { DeadLetterStore, LetterFilter } from '../../core/dead-letter.js'
import { UnavailableError } from '../../core/errors.js'
import type { FlowContext, ReplayReport } from '../../core/flow.js'
import type { UpsertSink } from '../../core/upsert.js'
import { fencedSink, leasedLetters } from '../../engine/lease/fenced-sink.js'
import { type LeasedContext, leased } from '../../engine/lease/leased.js'
import { type Outcome, run } from '../../engine/run.js'
import { patientSink } from '../withdrawn-rights.js'
import { leaseCache } from './cache-lease.js'
import { HeldLetters } from './held-letters.js'
import { type IngestParts, ingestLine, replayLetters, runOptions } from './ingest-line.js'
import type { IngestSettings } from './ingest-settings.js'
import { openDestination } from './open-destination.js'
import { besideMain, quietly } from './run-held.js'
import { TargetLetters } from './target-letters.js'

/**
 * Runs an `ingest` until its stream ends, it is drained, or an error stops it. One that nobody shares out among several
 * instances runs in one of them.
 */
export async function runIngest(settings: IngestSettings, context: FlowContext): Promise<void> {
  if (settings.from.oneReader !== true) return runHere(settings, context)
  const { database } = settings.destination
  await leased({ home: database, written: [database] }, context, (inner) => runHere(settings, inner))
}

async function runHere(settings: IngestSettings, context: LeasedContext): Promise<void> {
  await using _cache = leaseCache(settings.cache)
  await using opened = await openUnlessDrained(settings, context)
  if (opened === undefined) return
  const { lease } = context
  const sink = fencedSink(patientSink(opened), lease)
  const { letters } = settings
  if (letters.kind === 'target') {
    await using target = new TargetLetters(letters.target)
    await runMain({ settings, sink, deadLetters: leasedLetters(target, lease) }, context)
  } else if (settings.orphans === 'dead-letter') {
    await runMain({ settings, sink, deadLetters: leasedLetters(letters.store, lease) }, context)
  } else {
    const { store } = letters
    const held = new HeldLetters({
      ...settings,
      store,
      attempt: (inner) =>
        replayLetters(
          {
            settings,
            sink,
            store,
            deadLetters: leasedLetters(store, lease),
            filter: { states: ['held'] },
            lane: 'held',
          },
          quietly(inner),
        ),
    })
    await besideMain(
      held,
      (inner) => runMain({ settings, sink, deadLetters: leasedLetters(held.sink, lease) }, inner),
      context,
    )
  }
}

/** Sends letters through the whole flow again. */
export async function replayIngest(
  settings: IngestSettings,
  store: DeadLetterStore,
  request: { readonly filter: LetterFilter; readonly context: FlowContext },
): Promise<ReplayReport> {
  const { filter, context } = request
  await using _cache = leaseCache(settings.cache)
  await using sink = await openDestination(settings, context)
  return replayLetters({ settings, sink, store, deadLetters: store, filter, lane: 'replay' }, context)
}

async function runMain(parts: Omit<IngestParts, 'source'>, context: FlowContext): Promise<Outcome> {
  const { settings } = parts
  const { name: flow, observer } = context
  await using source = settings.from.source({
    flow,
    batch: settings.batch,
    lanes: settings.lanes,
    notice: (notice) => observer({ flow, type: 'notice', ...notice }),
  })
  // Awaited here, as the source is disposed of when this function returns.
  return await run(ingestLine({ ...parts, source }, context), runOptions(settings, context))
}

async function openUnlessDrained(settings: IngestSettings, context: FlowContext): Promise<UpsertSink | undefined> {
  try {
    return await openDestination(settings, context)
  } catch (error) {
    // Nothing was begun: there is nothing to finish.
    if (context.drain.aborted && error instanceof UnavailableError) return undefined
    throw error
  }
}
