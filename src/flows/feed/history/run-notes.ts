import { EXIT, exitCodeOf, LockstepError } from '../../../core/errors.js'
import type { FeedOutcome, FeedReport, FeedRun } from '../../../core/feed-run.js'
import type { Manifest } from '../manifest.js'
import { newRun } from '../names.js'
import { Rejections } from '../rejections.js'

/** What one attempt has come to so far. */
export interface AttemptNotes {
  readonly run: string
  readonly rejections: Rejections
  /** Of the table. */
  keyColumns: readonly string[]
  read: number
  /** Of the files once they are written, published or not. */
  manifest: Manifest | undefined
}

/** How a run ended. */
export interface RunEnd {
  /** Where there is a feed that is right now: the sequence of its manifest. */
  readonly feed: { readonly outcome: 'published' | 'unchanged'; readonly sequence: number } | undefined
  readonly error: unknown
  /** It was asked to stop. */
  readonly stopped: boolean
}

/** What a run has come to, for its report. Of several attempts the last one counts. */
export class RunNotes {
  readonly #startedAt = new Date().toISOString()
  readonly #keepKeys: number
  #last: AttemptNotes

  constructor(keepKeys: number) {
    this.#keepKeys = keepKeys
    this.#last = this.begin(newRun())
  }

  begin(run: string): AttemptNotes {
    this.#last = { run, rejections: new Rejections(this.#keepKeys), keyColumns: [], read: 0, manifest: undefined }
    return this.#last
  }

  report(of: Pick<FeedRun, 'flow' | 'feed' | 'store'>, end: RunEnd): FeedReport {
    const { run, rejections, keyColumns, read, manifest } = this.#last
    const { rows = 0, bytes = 0, files = [] } = manifest ?? {}
    return {
      ...of,
      id: run,
      outcome: outcomeOf(end),
      startedAt: this.#startedAt,
      endedAt: new Date().toISOString(),
      sequence: end.feed?.sequence,
      read,
      skipped: rejections.skipped,
      rejected: rejections.rejected,
      rows,
      bytes,
      files: files.length,
      error: errorOf(end),
      keyColumns,
      ...rejections.reasons(),
    }
  }
}

function outcomeOf({ feed, error, stopped }: RunEnd): FeedOutcome {
  if (feed !== undefined) return feed.outcome
  if (stopped) return 'stopped'
  return exitCodeOf(error) === EXIT.data ? 'refused' : 'failed'
}

function errorOf({ error }: RunEnd): FeedRun['error'] {
  if (error === undefined) return undefined
  // Only these are known to hold no values.
  if (!(error instanceof LockstepError)) {
    return { code: 'unexpected', message: error instanceof Error ? error.name : 'an error' }
  }
  const [message = ''] = error.message.split('\n')
  return { code: error.code, message }
}
