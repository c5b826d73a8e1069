import { ConflictError, UnavailableError } from '../core/errors.js'
import { ALL_LANES, type AttemptEnd, attempt, mayRecover } from './attempt.js'
import { Ending } from './ending.js'
import { Health } from './health.js'
import type { Line } from './line.js'
import { type RunOptions, type Settings, settingsOf } from './options.js'
import { backOffMs, pause } from './retry.js'

/** How a run ended. `finished`: the source is exhausted. `aborted` also stands for a drain that took too long. */
export type Outcome = 'finished' | 'caught-up' | 'drained' | 'aborted'

/** Conflicts further apart than this do not add up: another instance that fights for the flow shows at once. */
const CONFLICT_WINDOW_MS = 60_000

/**
 * Runs a source into a sink until the source is exhausted, the run is drained or aborted, or an error stops it.
 *
 * Each batch is stored, then its position saved, then it is acknowledged; each lane in its own order, one batch at a
 * time, lanes side by side. After a `ReassignedError` the checkpoints are loaded again and the source is read on at once.
 * `UnavailableError` is waited out for as long as it takes. `ConflictError` loads the
 * checkpoints again and restarts, `maxConflicts` times. The bad items of a `DataError` become dead letters before the
 * rest of their batch is stored. What else is thrown stops the run: nothing more is acknowledged, and it is thrown again.
 *
 * Neither source nor sink is disposed of, and `started` and `stopped` are not sent: that is for the caller.
 */
export async function run<Item>(line: Line<Item>, options: RunOptions): Promise<Outcome> {
  const settings = settingsOf(options)
  using ending = new Ending(line.flow, settings)
  // Awaited here, as `ending` is disposed of when this function returns.
  return await new Run(line, settings, ending).complete()
}

class Run<Item> {
  readonly #line: Line<Item>
  readonly #settings: Settings
  readonly #ending: Ending
  readonly #health: Health
  readonly #sourceLabel: string
  #sourceFailures = 0
  #conflictsAt: readonly number[] = []
  #watching = false
  #watchFailure: { readonly error: unknown } | undefined

  constructor(line: Line<Item>, settings: Settings, ending: Ending) {
    this.#line = line
    this.#settings = settings
    this.#ending = ending
    this.#health = new Health(line.flow, settings.observer)
    this.#sourceLabel = line.labels?.source ?? 'source'
  }

  async complete(): Promise<Outcome> {
    const { leaving, abort } = this.#ending
    for (;;) {
      if (this.#watchFailure !== undefined) throw this.#watchFailure.error
      if (abort.aborted) return 'aborted'
      if (leaving.aborted) return this.#ending.caughtUp ? 'caught-up' : 'drained'
      const end = await this.#attempt()
      if (end.kind === 'exhausted') return 'finished'
      if (end.kind === 'failed' && !(abort.aborted && end.error === abort.reason)) await this.#recover(end)
    }
  }

  #attempt(): Promise<AttemptEnd> {
    return attempt({
      line: this.#line,
      settings: this.#settings,
      ending: this.#ending,
      health: this.#health,
      asked: () => this.#watch(),
      works: () => this.#sourceWorks(),
    })
  }

  /** Waits before the next attempt, or throws what no further attempt would cure. */
  async #recover(end: AttemptEnd & { readonly kind: 'failed' }): Promise<void> {
    const { error } = end
    if (!mayRecover(error)) throw error
    if (this.#ending.leaving.aborted) return
    if (end.stuck) throw this.#stuck(error)
    const attempts = error instanceof ConflictError ? this.#conflict(error) : ++this.#sourceFailures
    if (error instanceof UnavailableError) this.#health.failed(this.#sourceLabel, ALL_LANES, error.message)
    const delayMs = backOffMs(attempts, this.#settings.retry)
    this.#settings.observer({
      flow: this.#line.flow,
      type: 'retry',
      lane: ALL_LANES,
      attempt: attempts,
      delayMs,
      error,
    })
    await pause(delayMs, this.#ending.leaving, this.#ending.abort)
  }

  /** Answers the number of conflicts of late, this one included. */
  #conflict(error: ConflictError): number {
    const now = Date.now()
    this.#conflictsAt = [...this.#conflictsAt.filter((at) => now - at < CONFLICT_WINDOW_MS), now]
    if (this.#conflictsAt.length > this.#settings.maxConflicts) throw error
    return this.#conflictsAt.length
  }

  #sourceWorks(): void {
    this.#sourceFailures = 0
    this.#health.worked(this.#sourceLabel, ALL_LANES)
  }

  #stuck(cause: unknown): UnavailableError {
    const { closeDeadlineMs } = this.#settings
    return new UnavailableError(
      'source-stuck',
      `flow ${this.#line.flow}: the source did not end its iteration within ${closeDeadlineMs} ms, so it cannot be read again; restart the process`,
      { cause },
    )
  }

  /** Waits, beside the reading, until the source has caught up. */
  #watch(): void {
    if (!this.#settings.untilCaughtUp || this.#watching) return
    this.#watching = true
    this.#arrival().catch((error: unknown) => {
      if (this.#ending.leaving.aborted) return
      this.#watchFailure = { error }
      this.#ending.leave()
    })
  }

  async #arrival(): Promise<void> {
    const { source } = this.#line
    const { leaving } = this.#ending
    if (source.caughtUp === undefined) return
    for (let attempts = 1; !leaving.aborted; attempts++) {
      try {
        await source.caughtUp(leaving)
        this.#ending.arrive()
        return
      } catch (error) {
        if (!(error instanceof UnavailableError)) throw error
        await pause(backOffMs(attempts, this.#settings.retry), leaving)
      }
    }
  }
}
