/** Writes until it is tried again, after the first disappointment and at most. */
const FIRST_PATIENCE = 64
const MAX_PATIENCE = 4_096

/**
 * Whether to insert in the hope that all keys of a batch are new. That costs the server a third less than looking for each
 * key first, and one wasted statement (with an error in its log) when a key was there: so the less often it is right, the
 * less often it is tried.
 */
export class Hope {
  #wait = 0
  #patience = FIRST_PATIENCE

  /** Asked once for each write. */
  next(): boolean {
    if (this.#wait === 0) return true
    this.#wait -= 1
    return false
  }

  fulfilled(): void {
    this.#patience = FIRST_PATIENCE
  }

  disappointed(): void {
    this.#wait = this.#patience
    this.#patience = Math.min(MAX_PATIENCE, this.#patience * 4)
  }
}
