/** Collects bytes to parts of one size. Holds less than a part; what it gives out it does not touch again. */
export class PartBuffer {
  readonly #partBytes: number
  #part: Buffer | undefined
  #filled = 0

  constructor(partBytes: number) {
    this.#partBytes = partBytes
  }

  /** The parts that are full with these bytes. */
  *add(bytes: Uint8Array): Iterable<Uint8Array> {
    for (let at = 0; at < bytes.length; ) {
      this.#part ??= Buffer.allocUnsafeSlow(this.#partBytes)
      const some = bytes.subarray(at, at + this.#partBytes - this.#filled)
      this.#part.set(some, this.#filled)
      this.#filled += some.length
      at += some.length
      if (this.#filled === this.#partBytes) yield this.rest()
    }
  }

  /** What is left; then it is empty. */
  rest(): Uint8Array {
    const rest = this.#part?.subarray(0, this.#filled) ?? new Uint8Array()
    this.#part = undefined
    this.#filled = 0
    return rest
  }
}
