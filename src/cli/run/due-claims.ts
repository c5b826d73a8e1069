import { ConflictError } from '../../core/errors.js'
import type { StateStore } from '../../core/state.js'

const LANE = 'due'
const ATTEMPTS = 3

export type Claim = 'ours' | 'taken' | 'unknown'

/**
 * Of several instances with the same schedule one takes each due time: by moving a checkpoint to it, which only one can.
 * Under a name that no flow can have, as the flow itself may keep positions.
 */
export class DueClaims {
  readonly #state: StateStore
  readonly #name: string
  #prepared = false

  constructor(state: StateStore, flow: string) {
    this.#state = state
    this.#name = `${flow}:schedule`
  }

  /** Rejects when the state tables cannot be read and written: then nobody knows. */
  async take(dueMs: number, signal: AbortSignal): Promise<'ours' | 'taken'> {
    const { checkpoints } = this.#state
    if (!this.#prepared) await this.#state.prepare(signal)
    this.#prepared = true
    for (let attempt = 1; ; attempt++) {
      const taken = (await checkpoints.load(this.#name)).get(LANE)
      if (taken !== undefined && Date.parse(taken) >= dueMs) return 'taken'
      try {
        await checkpoints.save({
          flow: this.#name,
          lane: LANE,
          position: new Date(dueMs).toISOString(),
          expected: taken,
        })
        return 'ours'
      } catch (error) {
        if (!(error instanceof ConflictError) || attempt === ATTEMPTS) throw error
      }
    }
  }
}
