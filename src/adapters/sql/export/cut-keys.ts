import type { ExportRange } from '../../../core/export.js'

/** The key of a row, each value as its database prints it. */
export type Key = readonly string[]

/** Keys that are looked at, for ranges of about as many rows. */
export const SAMPLED_KEYS = 8_000

/** Some of the keys that come by, in their order. Those with the least hashes are kept: the same ones of the same keys, and mostly the same when rows have come or gone. */
export class KeySample {
  #kept: Hashed[] = []
  #below = Number.POSITIVE_INFINITY

  add(keys: readonly Key[]): void {
    for (const key of keys) {
      const hashed = hashOf(key)
      if (hashed < this.#below) this.#kept.push({ key, hash: hashed })
    }
    if (this.#kept.length > 4 * SAMPLED_KEYS) this.#lower()
  }

  get keys(): readonly Key[] {
    if (this.#kept.length > SAMPLED_KEYS) this.#lower()
    return this.#kept.map(({ key }) => key)
  }

  #lower(): void {
    const hashes = Float64Array.from(this.#kept, (one) => one.hash).sort()
    this.#below = hashes[SAMPLED_KEYS] ?? Number.POSITIVE_INFINITY
    this.#kept = this.#kept.filter((one) => one.hash < this.#below)
  }
}

interface Hashed {
  readonly key: Key
  readonly hash: number
}

/**
 * Cuts where about as many of the keys, which are in their order, are on each side. Of those near the place where a border should be, the one with
 * the least hash is taken: mostly the same one when rows have come or gone.
 */
export function cutBetween(keys: readonly Key[], ranges: number): readonly ExportRange[] {
  const near = Math.floor(keys.length / ranges / 8)
  const borders: Key[] = []
  for (let border = 1; border < ranges; border++) {
    const at = Math.floor((border * keys.length) / ranges) - 1
    const candidates = keys.slice(Math.max(0, at - near), Math.min(at + near + 1, keys.length - 1))
    const [least] = candidates.map((key) => ({ key, hash: hashOf(key) })).sort((one, other) => one.hash - other.hash)
    if (least !== undefined && borders.at(-1) !== least.key) borders.push(least.key)
  }
  return [...borders, undefined].map((upTo, at) => ({ after: borders[at - 1], upTo }))
}

/** FNV-1a, and the end of MurmurHash3: keys that differ in their last digit only are far from each other. */
function hashOf(key: Key): number {
  let hash = 0x811c9dc5
  for (const text of key) {
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
    hash = Math.imul(hash ^ 0x10000, 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
