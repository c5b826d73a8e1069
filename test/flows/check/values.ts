/** Random values as text, from a seed, so that a failure can be repeated. */
export class RandomValues {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** At least 0, less than 1. */
  unit(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  below(limit: number): number {
    return Math.floor(this.unit() * limit)
  }

  pick<Item>(items: readonly [Item, ...Item[]]): Item {
    return items[this.below(items.length)] ?? items[0]
  }

  digits(count: number): string {
    return Array.from({ length: count }, () => String(this.below(10))).join('')
  }

  /** Within both bounds, which come often. */
  integer(least: bigint, greatest: bigint): string {
    const edge = this.below(20)
    if (edge === 0) return String(least)
    if (edge === 1) return String(greatest)
    if (edge === 2) return least <= 0n ? '0' : String(least)
    const span = greatest - least + 1n
    const bits = this.below(span.toString(2).length + 1)
    const random = BigInt(`0x${this.hex(8)}`) & ((1n << BigInt(bits)) - 1n)
    return String(least < 0n && this.below(2) === 0 ? -(random % -least) : least + (random % span))
  }

  decimal(whole: number, scale: number): string {
    const sign = this.below(2) === 0 ? '-' : ''
    const front = this.digits(this.below(whole) + 1).replace(/^0+(?=\d)/, '')
    const fraction = this.digits(scale).replace(/\d$/, (last) => (this.below(3) === 0 ? '0' : last))
    const number = `${front}.${fraction}`
    return /[1-9]/.test(number) ? `${sign}${number}` : number
  }

  double(): string {
    const bytes = Buffer.from(this.hex(8), 'hex')
    const value = this.below(2) === 0 ? bytes.readDoubleBE() : (this.unit() - 0.5) * 10 ** (this.below(38) - 20)
    if (!Number.isFinite(value)) return '0'
    return this.below(10) === 0 ? String(Math.trunc(value)) : String(value)
  }

  single(): string {
    const value = Math.fround((this.unit() - 0.5) * 10 ** (this.below(20) - 10))
    return String(value)
  }

  text(most: number): string {
    const characters = [...'aAbBzZ09 äÄßéÉ☃𝄞\t\n\\\'"$,{}|%_', 'NULL', '  ', '\r'] as const
    return Array.from({ length: this.below(most + 1) }, () => characters[this.below(characters.length)] ?? '').join('')
  }

  uuid(): string {
    const hex = this.hex(16).replace(/^(.{12}).(.{3})./, '$14$2a')
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
  }

  hex(bytes: number): string {
    return Array.from({ length: bytes }, () => this.below(256).toString(16).padStart(2, '0')).join('')
  }

  day(): string {
    const from = Date.UTC(1000, 0, 1)
    const to = Date.UTC(9999, 11, 31)
    return new Date(from + this.unit() * (to - from)).toISOString().slice(0, 10)
  }

  time(digits: number): string {
    const pad = (value: number): string => String(value).padStart(2, '0')
    const clock = `${pad(this.below(24))}:${pad(this.below(60))}:${pad(this.below(60))}`
    if (digits === 0) return clock
    return `${clock}.${this.below(4) === 0 ? '0'.repeat(digits) : this.digits(digits)}`
  }

  moment(digits: number): string {
    return `${this.day()} ${this.time(digits)}`
  }

  /** What a TIMESTAMP of MySQL can hold. */
  recent(digits: number): string {
    const day = new Date(86_400_000 * (1 + this.below(24_000))).toISOString().slice(0, 10)
    return `${day} ${this.time(digits)}`
  }

  bits(count: number): string {
    return Array.from({ length: count }, () => String(this.below(2))).join('')
  }
}
