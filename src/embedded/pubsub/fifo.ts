/** A queue whose front is cheap to take from and to put back to. */
export class Fifo<Item> {
  #items: (Item | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  push(item: Item): void {
    this.#items.push(item)
  }

  peek(): Item | undefined {
    return this.#items[this.#head]
  }

  shift(): Item | undefined {
    if (this.length === 0) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head++] = undefined
    if (this.#head > 10_000 && this.#head * 2 > this.#items.length) this.#compact()
    return item
  }

  /** Exchanges the front with the item `distance` places behind it. */
  swap(distance: number): void {
    const at = this.#head + distance
    const front = this.#items[this.#head]
    this.#items[this.#head] = this.#items[at]
    this.#items[at] = front
  }

  /** Puts items before the front, in their order. */
  putBack(items: readonly Item[]): void {
    this.#compact()
    this.#items = [...items, ...this.#items]
  }

  #compact(): void {
    this.#items = this.#items.slice(this.#head)
    this.#head = 0
  }
}
