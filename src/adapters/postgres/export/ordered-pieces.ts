/** Of one part that waits for its turn; the reader then waits too. */
const PART_BYTES = 2 * 1024 * 1024

/** Where one reader puts what it reads. */
export interface Part {
  /** Resolves when another piece may come. */
  put(piece: Buffer): Promise<void>
  end(): void
}

interface Waiting {
  readonly pieces: Buffer[]
  bytes: number
  ended: boolean
}

/** Parts that are filled side by side and come out one after the other, in the order in which they were begun. Memory is bounded. */
export class OrderedPieces {
  readonly #most: number
  readonly #parts: Waiting[] = []
  #failure: { readonly error: unknown } | undefined
  #ended = false
  #woken: (() => void)[] = []

  /** @param most parts at the same time. */
  constructor(most: number) {
    this.#most = most
  }

  /** Waits while there are too many. Rejects once reading has failed, or nobody reads any more. */
  async begin(): Promise<Part> {
    await this.#until(() => this.#parts.length < this.#most)
    const part: Waiting = { pieces: [], bytes: 0, ended: false }
    this.#parts.push(part)
    return {
      put: async (piece) => {
        await this.#until(() => part.bytes < PART_BYTES)
        part.pieces.push(piece)
        part.bytes += piece.length
        this.#changed()
      },
      end: () => {
        part.ended = true
        this.#changed()
      },
    }
  }

  /** No part will begin. */
  end(): void {
    this.#ended = true
    this.#changed()
  }

  /** The first error counts. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#changed()
  }

  /** Nobody reads any more: whoever waits is told. */
  leave(): void {
    this.fail(new Error('nobody reads this any more'))
  }

  async *read(): AsyncGenerator<Buffer> {
    for (;;) {
      await this.#until(() => this.#ended || this.#parts.length > 0)
      const [part] = this.#parts
      if (part === undefined) return
      yield* this.#piecesOf(part)
      this.#parts.shift()
      this.#changed()
    }
  }

  async *#piecesOf(part: Waiting): AsyncGenerator<Buffer> {
    for (;;) {
      await this.#until(() => part.ended || part.pieces.length > 0)
      const pieces = part.pieces.splice(0)
      part.bytes = 0
      this.#changed()
      yield* pieces
      if (part.ended && part.pieces.length === 0) return
    }
  }

  async #until(holds: () => boolean): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error
      if (holds()) return
      await new Promise<void>((resolve) => this.#woken.push(resolve))
    }
  }

  #changed(): void {
    const woken = this.#woken
    this.#woken = []
    for (const wake of woken) wake()
  }
}
