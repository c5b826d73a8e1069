import { UnavailableError } from '../../core/errors.js'
import type { FlowContext } from '../../core/flow.js'
import type { UpsertSink } from '../../core/upsert.js'
import { Health } from '../../engine/health.js'
import { backOffMs, pause } from '../../engine/retry.js'
import { cachedSink } from './cached-sink.js'
import type { IngestSettings } from './ingest-settings.js'
import { versionKeys } from './version-keys.js'

const BACK_OFF = { initialMs: 100, maxMs: 5_000, random: Math.random }

/**
 * Prepares the state tables and looks the tables up. Waits, with red health, for a database that cannot be reached;
 * throws the `UnavailableError` once the run is told to end. Throws `ConfigError` for what waiting does not cure.
 */
export async function openDestination(settings: IngestSettings, context: FlowContext): Promise<UpsertSink> {
  const { name: flow, observer, drain, abort } = context
  const { label } = settings.destination.database
  const health = new Health(flow, observer)
  const leaving = AbortSignal.any([drain, abort])
  for (let attempt = 1; ; attempt++) {
    try {
      const sink = await open(settings, context, leaving)
      health.worked(label, label)
      return sink
    } catch (error) {
      if (!(error instanceof UnavailableError) || leaving.aborted) throw error
      health.failed(label, label, error.message)
      const delayMs = backOffMs(attempt, BACK_OFF)
      observer({ flow, type: 'retry', lane: label, attempt, delayMs, error })
      await pause(delayMs, leaving)
    }
  }
}

async function open(settings: IngestSettings, context: FlowContext, signal: AbortSignal): Promise<UpsertSink> {
  const { name: flow, observer } = context
  const { destination, invalidText, cache } = settings
  const { database, tables } = destination
  await database.state.prepare(signal)
  const sink = await database.upserts(tables, { flow, invalidText }, signal)
  if (cache === undefined) return sink
  // A database that was restored has another identity, so that nothing is taken for stored that is no longer.
  const { id } = await database.identify(signal)
  return cachedSink(sink, {
    cache,
    keys: versionKeys(tables, [flow, id]),
    stale: (lane, count) => observer({ flow, type: 'skipped', lane, count, reason: 'stale' }),
    away: (message) => observer({ flow, type: 'notice', level: 'warn', code: 'cache-away', message }),
  })
}
