/** Where loops of their own speed meet the one reader of an iteration: `put` resolves once the value is taken. */
export class Channel<Value> {
  readonly #waiting: { value: Value; taken: () => void }[] = []
  #wake: (() => void) | undefined
  #end: { error: unknown } | 'closed' | undefined

  put(value: Value): Promise<void> {
    if (this.#end !== undefined) return Promise.resolve()
    return new Promise((taken) => {
      this.#waiting.push({ value, taken })
      this.#wake?.()
    })
  }

  /** Ends the iteration once what was put is taken; putters never wait again. The first end counts. */
  end(error?: unknown): void {
    this.#end ??= error === undefined ? 'closed' : { error }
    this.#wake?.()
  }

  async *values(): AsyncGenerator<Value> {
    try {
      for (;;) {
        const next = this.#waiting.shift()
        if (next !== undefined) {
          next.taken()
          yield next.value
        } else if (this.#end === undefined) await this.#change()
        else if (this.#end === 'closed') return
        else throw this.#end.error
      }
    } finally {
      this.end()
      for (const left of this.#waiting.splice(0)) left.taken()
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined
        resolve()
      }
    })
  }
}
