const KEPT = 20_000
const BINS = 24
const NUMBER = /^-?\d{1,15}(\.\d+)?$/
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-/i

export interface Spread {
  readonly bins: readonly { readonly from: string; readonly to: string; readonly count: number }[]
}

/** Where in the key space findings are: of numbers by their size, of UUIDs by how they begin. Memory is bounded. */
export class KeySpread {
  readonly #numbers: number[] = []
  readonly #digits = Array.from({ length: 16 }, () => 0)
  #kind: 'number' | 'uuid' | undefined
  #mixed = false
  #seen = 0

  add(key: string | null | undefined): void {
    if (this.#mixed) return
    const kind =
      key === null || key === undefined ? undefined : NUMBER.test(key) ? 'number' : UUID.test(key) ? 'uuid' : undefined
    if (kind === undefined || kind !== (this.#kind ?? kind)) {
      this.#mixed = true
      return
    }
    this.#kind = kind
    this.#seen += 1
    if (kind === 'uuid') this.#addDigit(Number.parseInt(key?.charAt(0) ?? '0', 16))
    else this.#addNumber(Number(key))
  }

  /** `undefined`: there are too few, or they have no order that says something. */
  spread(): Spread | undefined {
    if (this.#mixed || this.#seen < 2) return undefined
    return this.#kind === 'uuid' ? this.#ofDigits() : this.#ofNumbers()
  }

  #addDigit(digit: number): void {
    this.#digits[digit] = (this.#digits[digit] ?? 0) + 1
  }

  /** Beyond what is kept each is as likely to stay as any other. */
  #addNumber(value: number): void {
    if (this.#numbers.length < KEPT) this.#numbers.push(value)
    else {
      const place = Math.floor(Math.random() * this.#seen)
      if (place < KEPT) this.#numbers[place] = value
    }
  }

  #ofDigits(): Spread {
    const bins = this.#digits.map((found, digit) => {
      const start = digit.toString(16)
      return { from: `${start}0000000-…`, to: `${start}fffffff-…`, count: found }
    })
    return { bins }
  }

  #ofNumbers(): Spread | undefined {
    const least = this.#numbers.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
    const most = this.#numbers.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
    if (!(most > least)) return undefined
    const step = (most - least) / BINS
    const counts = Array.from({ length: BINS }, () => 0)
    for (const value of this.#numbers) {
      const bin = Math.min(BINS - 1, Math.floor((value - least) / step))
      counts[bin] = (counts[bin] ?? 0) + 1
    }
    const share = this.#seen / this.#numbers.length
    const edge = (bin: number): string =>
      (least + bin * step).toLocaleString('en-US', { maximumFractionDigits: step < 1 ? 3 : 0 })
    return {
      bins: counts.map((found, bin) => ({ from: edge(bin), to: edge(bin + 1), count: Math.round(found * share) })),
    }
  }
}
