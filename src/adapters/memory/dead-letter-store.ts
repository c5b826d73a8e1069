import type { DeadLetter, DeadLetterStore } from '../../core/dead-letter.js'

/** Dead letters that live as long as the object. */
export class MemoryDeadLetterStore implements DeadLetterStore {
  readonly #letters = new Map<string, DeadLetter>()

  /** In the order in which their items first failed. */
  get letters(): readonly DeadLetter[] {
    return [...this.#letters.values()]
  }

  async store(letters: readonly DeadLetter[]): Promise<void> {
    for (const letter of letters) this.#letters.set(JSON.stringify([letter.flow, letter.itemKey]), letter)
  }

  async count(flow: string): Promise<number> {
    return this.letters.filter((letter) => letter.flow === flow).length
  }
}

export function memoryDeadLetters(): MemoryDeadLetterStore {
  return new MemoryDeadLetterStore()
}
