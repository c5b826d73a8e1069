/** Bytes in blocks of one size, but for the last: where they are cut does not depend on how they came. */
export class EvenBlocks {
  readonly #blockBytes: number
  #blocks: Buffer[] = []
  /** Free bytes of the last block. */
  #free = 0

  constructor(blockBytes: number) {
    this.#blockBytes = blockBytes
  }

  /** Copies them. */
  add(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const block = this.#free > 0 ? this.#blocks.at(-1) : undefined
      if (block === undefined) {
        this.#blocks.push(Buffer.allocUnsafeSlow(this.#blockBytes))
        this.#free = this.#blockBytes
        continue
      }
      const copied = bytes.copy(block, this.#blockBytes - this.#free, at)
      this.#free -= copied
      at += copied
    }
  }

  /** All of them; then there are none. */
  take(): Buffer[] {
    const blocks = this.#blocks
    const last = blocks.pop()
    if (last !== undefined) blocks.push(last.subarray(0, this.#blockBytes - this.#free))
    this.#blocks = []
    this.#free = 0
    return blocks
  }
}
