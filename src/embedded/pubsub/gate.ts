/** While it is closed nothing goes through; what came meanwhile follows in its order once it opens. */
export class Gate {
  #closed = false
  #held: (() => void)[] = []

  get closed(): boolean {
    return this.#closed
  }

  pass(work: () => void): void {
    if (this.#closed) this.#held.push(work)
    else work()
  }

  close(): void {
    this.#closed = true
  }

  open(): void {
    this.#closed = false
    const held = this.#held
    this.#held = []
    for (const work of held) work()
  }

  /** Forgets what is held. */
  drop(): void {
    this.#held = []
  }
}
