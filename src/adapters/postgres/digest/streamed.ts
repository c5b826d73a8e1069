/** Thrown into a producer whose consumer has stopped listening. */
class ConsumerLeft extends Error {}

/**
 * Turns work that has to run inside a callback, such as a transaction, into an iteration: what `produce` emits comes out
 * one by one, at most one ahead; `alone`, and it goes on only when the item has been dealt with, so that no two large
 * ones are held. Leaving the iteration makes the next `emit` throw, and waits for `produce` to end.
 */
export async function* streamed<Item>(
  produce: (emit: (item: Item, alone?: boolean) => Promise<void>) => Promise<void>,
): AsyncGenerator<Item, void, undefined> {
  const handoff = new Handoff<Item>()
  const producing = produce((item, alone) => handoff.give(item, alone)).then(
    () => handoff.end({ failed: false }),
    (error: unknown) => handoff.end({ failed: true, error }),
  )
  try {
    for (let next = await handoff.take(); next !== undefined; next = await handoff.take()) yield next.item
  } finally {
    handoff.leave()
    await producing
  }
}

type End = { readonly failed: false } | { readonly failed: true; readonly error: unknown }

class Handoff<Item> {
  #slot: { readonly item: Item } | undefined
  #end: End | undefined
  #left = false
  #asking = false
  #waiting: (() => void)[] = []

  async give(item: Item, alone = false): Promise<void> {
    while (this.#slot !== undefined && !this.#left) await this.#change()
    if (this.#left) throw new ConsumerLeft('nobody reads this any more')
    this.#slot = { item }
    this.#asking = false
    this.#changed()
    while (alone && !this.#asking && !this.#left) await this.#change()
  }

  async take(): Promise<{ readonly item: Item } | undefined> {
    if (this.#slot === undefined) this.#ask()
    while (this.#slot === undefined && this.#end === undefined) await this.#change()
    const taken = this.#slot
    this.#slot = undefined
    this.#changed()
    if (taken === undefined && this.#end?.failed === true) throw this.#end.error
    return taken
  }

  /** The consumer is done with what it took before. */
  #ask(): void {
    this.#asking = true
    this.#changed()
  }

  end(end: End): void {
    this.#end = end
    this.#changed()
  }

  leave(): void {
    this.#left = true
    this.#changed()
  }

  async #change(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  #changed(): void {
    const woken = this.#waiting
    this.#waiting = []
    for (const wake of woken) wake()
  }
}
