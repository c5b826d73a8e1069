import { UnavailableError } from '../../core/errors.js'
import type { FlowContext } from '../../core/flow.js'
import { backOffMs, pause } from '../../engine/retry.js'
import { keepHouse } from './housekeeping.js'
import { isIncrement } from './increment.js'
import { type Publication, publishFeed } from './publish-feed.js'
import type { FeedSettings } from './settings.js'

const BACK_OFF = { initialMs: 100, maxMs: 5_000, random: Math.random }

/** Publishes once. While the database or the store is away it tries again, each time from a new snapshot. */
export async function runFeed(settings: FeedSettings, context: FlowContext): Promise<void> {
  // An export that is stopped in the middle cannot be gone on with, so draining is ending.
  const signal = AbortSignal.any([context.drain, context.abort])
  const patience = new Patience(settings, context, signal)
  const publication = await patience.attempt(() => publishFeed(settings, context, signal))
  tell(publication, settings, context)
  await patience.attempt(() => keepHouse(settings, signal))
}

function tell({ manifest, outcome }: Publication, { as: { preset } }: FeedSettings, context: FlowContext): void {
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
  observer({ flow, type: 'published', feed: manifest.name, sequence, rows, bytes, files: files.length })
  observer({ flow, type: 'notice', level: 'info', code: 'feed-published', message: `published ${what}${added}${left}` })
  if (preset !== undefined && files.length > preset.recommendedFiles) {
    const message = `${files.length} files; ${preset.name} recommends ${preset.recommendedFiles} at most`
    observer({ flow, type: 'notice', level: 'warn', code: 'feed-many-files', message })
  }
  if (rejected > 0) {
    const message = `${rejected} rows are not in the feed, as they cannot be published as they are`
    observer({ flow, type: 'notice', level: 'warn', code: 'feed-rejected', message })
  }
}

/** Tries again as long as waiting may help, up to `patienceMs` after the first failure in a row. */
class Patience {
  readonly #settings: FeedSettings
  readonly #context: FlowContext
  readonly #signal: AbortSignal

  constructor(settings: FeedSettings, context: FlowContext, signal: AbortSignal) {
    this.#settings = settings
    this.#context = context
    this.#signal = signal
  }

  async attempt<Result>(work: () => Promise<Result>): Promise<Result> {
    const startedMs = performance.now()
    for (let failures = 1; ; failures++) {
      try {
        const result = await work()
        if (failures > 1) this.#health(undefined)
        return result
      } catch (error) {
        if (this.#signal.aborted) throw stopped(this.#settings.name, error)
        if (!(error instanceof UnavailableError) || error.code === 'snapshot-too-old') throw error
        if (performance.now() - startedMs >= this.#settings.patienceMs) throw error
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
