import { UnavailableError } from '../../../core/errors.js'
import type { HeldSnapshot } from '../../../core/key-range.js'
import type { FeedSettings } from '../settings.js'
import { cannotShareMoment } from './unfit.js'

/** The moment that all workers read, held until it is closed or too old. */
export class HeldMoment implements AsyncDisposable {
  readonly #snapshot: HeldSnapshot | undefined
  readonly #old = new AbortController()
  readonly #timer: NodeJS.Timeout | undefined

  private constructor(snapshot: HeldSnapshot | undefined, { snapshotMs, from }: FeedSettings) {
    this.#snapshot = snapshot
    if (snapshot === undefined) return
    this.#timer = setTimeout(() => this.#old.abort(tooOld(from.database.label, snapshotMs)), snapshotMs)
    this.#timer.unref()
  }

  /** Where ranges are read at moments of their own there is none. */
  static async open(settings: FeedSettings, signal: AbortSignal): Promise<HeldMoment> {
    const { consistency, from } = settings
    if (consistency !== 'snapshot') return new HeldMoment(undefined, settings)
    const held = await from.database.holdSnapshot?.(signal)
    if (held === undefined) throw cannotShareMoment(from.database.label)
    return new HeldMoment(held, settings)
  }

  get name(): string | undefined {
    return this.#snapshot?.name
  }

  /** Aborts, with an `UnavailableError` `snapshot-too-old`, when it must not be held any longer. */
  get old(): AbortSignal {
    return this.#old.signal
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer)
    await this.#snapshot?.close()
  }
}

function tooOld(label: string, ms: number): UnavailableError {
  const message = `${label}: the workers were not done within ${ms} ms, the age that the moment they read may reach, as it keeps the database from cleaning up; raise snapshotMs, start more workers, or take consistency: 'ranges', where each range has a snapshot of its own`
  return new UnavailableError('snapshot-too-old', message)
}
