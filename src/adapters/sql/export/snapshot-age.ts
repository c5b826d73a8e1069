import { UnavailableError } from '../../../core/errors.js'

/** How old a snapshot has become, from when this was made. */
export class SnapshotAge {
  readonly #label: string
  readonly #mostMs: number
  readonly #startedMs = performance.now()

  constructor(label: string, mostMs: number) {
    this.#label = label
    this.#mostMs = mostMs
  }

  get ms(): number {
    return performance.now() - this.#startedMs
  }

  /** Throws `UnavailableError` `snapshot-too-old`. */
  check(): void {
    if (this.ms <= this.#mostMs) return
    const message = `${this.#label}: the export took longer than ${this.#mostMs} ms, the age that its snapshot may reach, as it keeps the database from cleaning up; raise snapshotMs, read from a replica, or take consistency: 'chunks', which needs no long snapshot`
    throw new UnavailableError('snapshot-too-old', message)
  }
}
