import type { ReferenceFinding, ReferencesReport } from '../../../core/flow.js'
import { type Mender, ORPHANS, UNSTABLE } from './mender.js'
import type { StoredRepairs } from './stored-repairs.js'

/** Findings of a check of references on their way to be repaired. */
export class StoredMender {
  readonly #stored: StoredRepairs
  readonly #mender: Mender
  #adding: Promise<void> = Promise.resolve()

  constructor(stored: StoredRepairs, mender: Mender) {
    this.#stored = stored
    this.#mender = mender
  }

  add(finding: ReferenceFinding): void {
    if (finding.kind === 'orphan') this.#mender.leave(ORPHANS, [finding.key])
    else if (finding.kind === 'unstable') this.#mender.leave(UNSTABLE)
    else {
      const seen = this.#stored.want(finding)
      this.#adding = this.#adding.then(() => this.#mender.add([finding.key], seen))
      // Whoever waits for the end gets the error.
      this.#adding.catch(() => {})
    }
  }

  async finish(report: ReferencesReport): Promise<ReferencesReport> {
    await this.#adding
    const repair = await this.#mender.finish()
    const { mismatch, unreferenced, orphan, unstable } = report
    const whole = orphan + unstable === 0 && repair.applied && repair.repaired === mismatch + unreferenced
    return { ...report, repair, verdict: whole ? 'same' : report.verdict }
  }
}
