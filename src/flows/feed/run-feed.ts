import { UnavailableError } from '../../core/errors.js'
import type { FlowContext } from '../../core/flow.js'
import type { Observer } from '../../core/observer.js'
import { backOffMs, pause } from '../../engine/retry.js'
import { keepReport } from './history/keep-report.js'
import { type RunEnd, RunNotes } from './history/run-notes.js'
import { keepHouse } from './housekeeping.js'
import { isIncrement } from './increment.js'
import { type Publication, publishFeed } from './publish-feed.js'
import type { FeedSettings } from './settings.js'

/** Reading for so long is more than to have come by a moment at which the link worked. */
const LONG_MS = 60_000
const BACK_OFF = { initialMs: 100, maxMs: 5_000, random: Math.random }

/** Publishes once. While the database or the store is away it tries again, each time from a new snapshot. */
export async function runFeed(settings: FeedSettings, context: FlowContext): Promise<void> {
  // An export that is stopped in the middle cannot be gone on with, so draining is ending.
  const signal = AbortSignal.any([context.drain, context.abort])
  const patience = new Patience(settings, context, signal)
  const notes = new RunNotes(settings.history?.keepKeys ?? 0)
  let feed: RunEnd['feed']
  using _watch = watchStores(settings, context)
  try {
    const observer = patience.watched(context.observer)
    const publication = await patience.attempt(() => publishFeed(settings, { ...context, observer, notes }, signal))
    feed = { outcome: publication.outcome, sequence: publication.manifest.sequence }
    tell(publication, settings, context)
    await patience.attempt(() => keepHouse(settings, signal))
  } catch (error) {
    await keep(notes, { feed, error, stopped: signal.aborted }, { settings, context })
    throw error
  }
  await keep(notes, { feed, error: undefined, stopped: false }, { settings, context })
}

/** A store repeats what fails for a while by itself; who waits for it should be told long before it gives up. */
function watchStores({ to, quarantine }: FeedSettings, { name: flow, observer }: FlowContext): Disposable {
  const stores = new Set(quarantine === undefined ? [to] : [to, quarantine])
  const ends = [...stores].map((store) =>
    store.watch?.((reason) =>
      observer({ flow, type: 'health', subject: store.label, healthy: reason === undefined, reason }),
    ),
  )
  return {
    [Symbol.dispose]() {
      for (const end of ends) end?.()
    },
  }
}

interface Run {
  readonly settings: FeedSettings
  readonly context: FlowContext
}

async function keep(notes: RunNotes, end: RunEnd, { settings, context }: Run): Promise<void> {
  const { history, name: feed, to } = settings
  if (history === undefined) return
  await keepReport(notes.report({ flow: context.name, feed, store: to.label }, end), history, context)
}

function tell(
  { manifest, outcome, shared }: Publication,
  { as: { preset }, consistency }: FeedSettings,
  context: FlowContext,
): void {
  const { name: flow, observer } = context
  const { rows, bytes, files, sequence, rejected, skipped, incremental } = manifest
  const what = `feed ${sequence} of ${manifest.name}: ${rows} rows, ${files.length} files, ${bytes} bytes`
  const added = isIncrement(manifest) ? `, which add to feed ${incremental?.base}` : ''
  const left = rejected + skipped === 0 ? '' : `; ${skipped} rows were left out by map, ${rejected} rejected`
  if (outcome === 'unchanged') {
    const message = `nothing has changed since ${what}; nothing was published`
    observer({ flow, type: 'notice', level: 'info', code: 'feed-unchanged', message })
    return
  }
  const by = shared === undefined ? '' : `; ${shared.ranges} ranges by ${shared.workers.length} workers`
  const moments = consistency === 'ranges' ? ', each of a moment of its own' : ''
  const detail = `${what}${added}${left}${by}${moments}`
  observer({ flow, type: 'published', feed: manifest.name, sequence, rows, bytes, files: files.length, detail })
  if (preset !== undefined && files.length > preset.recommendedFiles) {
    const message = `${files.length} files; ${preset.name} recommends ${preset.recommendedFiles} at most`
    observer({ flow, type: 'notice', level: 'warn', code: 'feed-many-files', message })
  }
  if (rejected > 0) {
    const message = `${rejected} rows are not in the feed, as they cannot be published as they are`
    observer({ flow, type: 'notice', level: 'warn', code: 'feed-rejected', message })
  }
}

/**
 * Tries again as long as waiting may help, up to `patienceMs` after it last worked. What a try that read for long had come
 * to counts as work, and so an export of hours is not given up for one connection; what short ones had come to does not,
 * or a link that is cut all the time would be tried for ever.
 */
class Patience {
  readonly #settings: FeedSettings
  readonly #context: FlowContext
  readonly #signal: AbortSignal
  #readAtMs = 0

  constructor(settings: FeedSettings, context: FlowContext, signal: AbortSignal) {
    this.#settings = settings
    this.#context = context
    this.#signal = signal
  }

  /** Hears when rows are read. */
  watched(observer: Observer): Observer {
    return (event) => {
      if (event.type === 'batch') this.#readAtMs = performance.now()
      observer(event)
    }
  }

  async attempt<Result>(work: () => Promise<Result>): Promise<Result> {
    const { patienceMs } = this.#settings
    let failingMs: number | undefined
    for (let failures = 1; ; failures++) {
      const startedMs = performance.now()
      try {
        const result = await work()
        if (failures > 1) this.#health(undefined)
        return result
      } catch (error) {
        if (this.#signal.aborted) throw stopped(this.#settings.name, error)
        if (!(error instanceof UnavailableError) || error.code === 'snapshot-too-old') throw error
        const worked = this.#readAtMs - startedMs >= Math.max(patienceMs, LONG_MS)
        if (failingMs === undefined || worked) failingMs = Math.max(startedMs, this.#readAtMs)
        if (performance.now() - failingMs >= patienceMs) throw error
        await this.#wait(failures, error)
      }
    }
  }

  async #wait(attempt: number, error: UnavailableError): Promise<void> {
    const { name: flow, observer } = this.#context
    if (attempt === 1) this.#health(error.message)
    const delayMs = backOffMs(attempt, BACK_OFF)
    observer({ flow, type: 'retry', lane: 'feed', attempt, delayMs, error })
    await pause(delayMs, this.#signal)
  }

  /** `undefined`: it works. */
  #health(reason: string | undefined): void {
    const { name: flow, observer } = this.#context
    observer({ flow, type: 'health', subject: 'the export', healthy: reason === undefined, reason })
  }
}

function stopped(feed: string, cause: unknown): UnavailableError {
  return new UnavailableError('aborted', `the feed ${feed} was stopped before it was published`, { cause })
}
