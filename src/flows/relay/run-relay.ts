import type { DeadLetterStore, LetterFilter } from '../../core/dead-letter.js'
import { UnavailableError } from '../../core/errors.js'
import type { FlowContext, ReplayReport } from '../../core/flow.js'
import type { Message } from '../../core/message.js'
import type { Sink } from '../../core/sink.js'
import { traceparentOf } from '../../core/trace-context.js'
import { fencedCheckpoints, fencedSink, leasedLetters } from '../../engine/lease/fenced-sink.js'
import type { WriteRight } from '../../engine/lease/held-lease.js'
import { type LeasedContext, leased } from '../../engine/lease/leased.js'
import type { Line } from '../../engine/line.js'
import type { RunOptions } from '../../engine/options.js'
import { backOffMs, pause } from '../../engine/retry.js'
import { run } from '../../engine/run.js'
import { describeItem } from '../ingest/letter.js'
import { LetterSource } from '../ingest/letter-source.js'
import type { RelaySettings } from './options.js'
import { RelaySink } from './relay-sink.js'

/** A rebalance of a consumer group shows as conflicts, and there may be many. */
const MAX_CONFLICTS = 1_000
const STATE_DEADLINE_MS = 30_000
const RETRY = { initialMs: 100, maxMs: 5_000, random: Math.random }

/**
 * Runs a `relay` until its stream ends, it is drained, or an error stops it. One whose stream nobody shares out among several
 * instances runs in one of them.
 */
export async function runRelay(settings: RelaySettings, context: FlowContext): Promise<void> {
  if (settings.from.oneReader !== true) return runHere(settings, context)
  const { state } = settings
  await leased({ home: state, written: [state] }, context, (inner) => runHere(settings, inner))
}

async function runHere(settings: RelaySettings, context: LeasedContext): Promise<void> {
  if (!(await prepareState(settings, context))) return
  const { name: flow, observer, lease } = context
  await using source = settings.from.source({
    flow,
    batch: settings.batch,
    lanes: settings.lanes,
    notice: (notice) => observer({ flow, type: 'notice', ...notice }),
  })
  await using sink = fencedSink(sinkOf(settings, context), lease)
  await run(lineOf(settings, { flow, source, sink, lease }), runOptions(settings, context))
}

/** Sends letters on their way again; those that are written are marked, the others are letters again. */
export async function replayRelay(
  settings: RelaySettings,
  request: { readonly filter: LetterFilter; readonly context: FlowContext },
): Promise<ReplayReport> {
  const { filter, context } = request
  const store: DeadLetterStore = settings.state.state.deadLetters
  if (!(await prepareState(settings, context))) return { letters: 0, replayed: 0, failed: 0 }
  await using source = new LetterSource({ flow: context.name, lane: 'replay', store, filter })
  await using sink = sinkOf(settings, context)
  const options = { ...runOptions(settings, context), untilCaughtUp: false, systemicShare: 1 }
  await run(lineOf(settings, { flow: context.name, source, sink }), options)
  const { letters, replayed } = source.counts
  return { letters, replayed, failed: letters - replayed }
}

interface RelayParts extends Pick<Line<Message>, 'flow' | 'source' | 'sink'> {
  readonly lease?: WriteRight | undefined
}

function lineOf({ from, to, state: { state } }: RelaySettings, { lease, ...parts }: RelayParts): Line<Message> {
  return {
    ...parts,
    checkpoints: fencedCheckpoints(state.checkpoints, lease),
    deadLetters: leasedLetters(state.deadLetters, lease),
    describe: (message) => describeItem({ message }),
    traceparentOf: ({ headers }) => traceparentOf(headers),
    labels: { source: from.label, sink: to.label },
  }
}

function sinkOf(settings: RelaySettings, { name: flow, observer }: FlowContext): Sink<Message> {
  return new RelaySink(settings.to.open(), settings, (lane, count) =>
    observer({ flow, type: 'skipped', lane, count, reason: 'filtered' }),
  )
}

function runOptions(settings: RelaySettings, { drain, abort, observer, untilCaughtUp }: FlowContext): RunOptions {
  return {
    observer,
    drain,
    abort,
    untilCaughtUp,
    maxConflicts: MAX_CONFLICTS,
    systemicShare: settings.stopAbove,
    maxConcurrentWrites: settings.lanes,
    maxInFlightBatches: settings.lanes + 2,
    maxBufferedBatches: 2,
  }
}

/** Waits until the state's tables are there; `false` when the flow is to end before. */
async function prepareState({ state }: RelaySettings, context: FlowContext): Promise<boolean> {
  const { name: flow, observer, drain, abort } = context
  for (let attempt = 1; !drain.aborted && !abort.aborted; attempt++) {
    try {
      await state.state.prepare(AbortSignal.any([abort, AbortSignal.timeout(STATE_DEADLINE_MS)]))
      return true
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error
      const delayMs = backOffMs(attempt, RETRY)
      observer({ flow, type: 'retry', lane: '*', attempt, delayMs, error })
      await pause(delayMs, drain, abort)
    }
  }
  return false
}
