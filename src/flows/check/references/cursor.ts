import type { Groups } from '../../../core/groups.js'

const NOTHING: Groups = { keys: new Float64Array(), values: new Float64Array() }

/** Where the merge is in the groups of one column. The next batch is fetched while this one is worked on. */
export class Cursor {
  readonly label: string
  keys: Groups['keys'] = NOTHING.keys
  values: Groups['values'] = NOTHING.values
  at = 0
  length = 0
  /** Nothing is left. */
  done = false
  readonly #batches: AsyncIterator<Groups>
  readonly #compare: (left: string, right: string) => number
  #next: Promise<IteratorResult<Groups>>
  #last: string | undefined
  #taken = 0

  constructor(label: string, batches: AsyncIterable<Groups>, compare: (left: string, right: string) => number) {
    this.label = label
    this.#batches = batches[Symbol.asyncIterator]()
    this.#compare = compare
    this.#next = this.#ask()
  }

  /** Groups that the merge is done with. */
  get passed(): number {
    return this.#taken - (this.length - this.at)
  }

  get key(): string {
    return String(this.keys[this.at])
  }

  get value(): string | null {
    const value = this.values[this.at]
    return value === undefined || value === null ? null : String(value)
  }

  /** Takes the next batch when this one is used up. */
  async refill(): Promise<void> {
    while (this.at >= this.length && !this.done) {
      const next = await this.#next
      if (next.done === true) {
        this.done = true
        this.#set(NOTHING)
        return
      }
      this.#set(next.value)
      this.#next = this.#ask()
    }
  }

  /** Ends the reading behind it. */
  async close(): Promise<void> {
    this.done = true
    await this.#next.catch(() => undefined)
    await this.#batches.return?.().catch(() => undefined)
  }

  #ask(): Promise<IteratorResult<Groups>> {
    const next = this.#batches.next()
    // It is looked at only when the batch before it is used up.
    next.catch(() => undefined)
    return next
  }

  #set({ keys, values }: Groups): void {
    this.keys = keys
    this.values = values
    this.at = 0
    this.length = keys.length
    this.#taken += keys.length
    if (!this.#ascends()) {
      throw new Error(
        `${this.label}: the server gave keys in another order than asked for; nothing can be told from them`,
      )
    }
  }

  #ascends(): boolean {
    const { keys } = this
    if (keys.length === 0) return true
    if (this.#last !== undefined && this.#compare(this.#last, String(keys[0])) >= 0) return false
    this.#last = String(keys[keys.length - 1])
    if (keys instanceof Float64Array) {
      for (let at = 1; at < keys.length; at++) if (!((keys[at - 1] ?? 0) < (keys[at] ?? 0))) return false
      return true
    }
    for (let at = 1; at < keys.length; at++) if (this.#compare(keys[at - 1] ?? '', keys[at] ?? '') >= 0) return false
    return true
  }
}
