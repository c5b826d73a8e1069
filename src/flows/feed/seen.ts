import { hash } from 'node:crypto'

const EMPTY = 0n

/**
 * Remembers texts by 64 bits of their hash: 12 to 24 bytes for each, however long it is. That two of ten million are taken for
 * one although they differ happens once in some hundred thousand feeds.
 */
export class Seen {
  #slots = new BigUint64Array(1_024)
  #count = 0

  /** Whether the text was there before; from now on it is. */
  add(text: string): boolean {
    return this.addHash(hashOf(text))
  }

  /** The same of what was remembered elsewhere. */
  addHash(value: bigint): boolean {
    if (this.#count * 3 > this.#slots.length * 2) this.#grow()
    const slot = slotOf(this.#slots, value)
    if (this.#slots[slot] === value) return true
    this.#slots[slot] = value
    this.#count += 1
    return false
  }

  has(text: string): boolean {
    const value = hashOf(text)
    return this.#slots[slotOf(this.#slots, value)] === value
  }

  /** What is remembered of all texts, in no order. */
  *hashes(): Generator<bigint, void, undefined> {
    for (const value of this.#slots) if (value !== EMPTY) yield value
  }

  #grow(): void {
    const larger = new BigUint64Array(this.#slots.length * 2)
    for (const value of this.#slots) if (value !== EMPTY) larger[slotOf(larger, value)] = value
    this.#slots = larger
  }
}

function hashOf(text: string): bigint {
  return hash('sha1', text, 'buffer').readBigUInt64LE(0) || 1n
}

/** Where the value is, or would be. */
function slotOf(slots: BigUint64Array, value: bigint): number {
  let slot = Number(value & BigInt(slots.length - 1))
  while (slots[slot] !== EMPTY && slots[slot] !== value) slot = (slot + 1) % slots.length
  return slot
}
