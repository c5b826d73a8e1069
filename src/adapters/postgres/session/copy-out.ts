import type { Readable } from 'node:stream'

/** The pieces of a COPY as they are asked for. */
export class CopyOut {
  readonly #stream: Readable
  #failure: { readonly error: unknown } | undefined
  #ended = false

  constructor(stream: Readable) {
    this.#stream = stream
    // `pg` tells of a lost connection by this event only, and the stream does not note it.
    stream.on('error', (error: unknown) => {
      this.#failure ??= { error }
    })
    stream.on('end', () => {
      this.#ended = true
    })
  }

  /** Nothing more will come: the connection can be used for something else. */
  get done(): boolean {
    return this.#ended || this.#failure !== undefined
  }

  /** `undefined` after the last. */
  async next(): Promise<Buffer | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error
      const piece: unknown = this.#stream.read()
      if (Buffer.isBuffer(piece)) return piece
      if (this.#ended) return undefined
      await this.#change()
    }
  }

  #change(): Promise<void> {
    const stream = this.#stream
    return new Promise((resolve) => {
      const wake = (): void => {
        for (const event of EVENTS) stream.off(event, wake)
        resolve()
      }
      for (const event of EVENTS) stream.on(event, wake)
    })
  }
}

const EVENTS = ['readable', 'end', 'error']
