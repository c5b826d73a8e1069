import { ConfigError } from '../core/errors.js'
import type { Row } from '../core/table.js'
import { type Candidate, fingerprint } from './candidate.js'
import { missing } from './first-look.js'
import { type KeyColumns, keyText, weightOf } from './key.js'

/** What one bucket's rows came to. `left` and `right` are there when rows are kept. */
export interface Found {
  readonly candidate: Candidate
  readonly left: Row | undefined
  readonly right: Row | undefined
}

/** Matches the rows of one bucket; the left side's rows are added first. */
export interface Match {
  /** Rows added, of both sides. */
  readonly rows: number
  /** Characters of these. */
  readonly weight: number
  add(side: 'left' | 'right', rows: readonly Row[]): void
  found(): Iterable<Found>
}

interface Waiting {
  readonly key: Row
  readonly print: string
  readonly weight: number
  readonly row: Row | undefined
}

/** Characters of rows that are held together while a bucket is matched; the others are known by their fingerprints only. */
const LIGHT_BUCKET = 4_000_000

/** Rows by key. Holds their fingerprints, and with `keep` the rows themselves, unless they are large. */
export class KeyedMatch implements Match {
  rows = 0
  weight = 0
  readonly #key: KeyColumns
  readonly #keep: boolean
  readonly #left = new Map<string, Waiting>()
  readonly #onRight = new Set<string>()
  readonly #found: Found[] = []

  constructor(key: KeyColumns, keep: boolean) {
    this.#key = key
    this.#keep = keep
  }

  add(side: 'left' | 'right', rows: readonly Row[]): void {
    this.rows += rows.length
    for (const row of rows) {
      const weight = weightOf(row)
      this.weight += weight
      const kept = this.#keep && this.weight <= LIGHT_BUCKET
      const held = { key: this.#key.of(row), print: fingerprint(row), weight, row: kept ? row : undefined }
      const text = keyText(held.key)
      if (side === 'left') {
        if (this.#left.has(text)) throw repeatedKey('left', this.#key)
        this.#left.set(text, held)
      } else this.#matchRight(text, held)
    }
  }

  /** Left rows that found no partner are missing on the right. */
  *found(): Iterable<Found> {
    yield* this.#found
    for (const [text, held] of this.#left) {
      if (this.#onRight.has(text)) continue
      yield { candidate: missing(held.key, 'left', held), left: held.row, right: undefined }
    }
  }

  #matchRight(text: string, held: Waiting): void {
    if (this.#onRight.has(text)) throw repeatedKey('right', this.#key)
    this.#onRight.add(text)
    const partner = this.#left.get(text)
    if (partner === undefined) {
      this.#found.push({ candidate: missing(held.key, 'right', held), left: undefined, right: held.row })
    } else if (partner.print !== held.print) {
      this.#found.push({ candidate: changed(partner, held), left: partner.row, right: held.row })
    }
  }
}

/** Rows by themselves, with the number of their copies. Holds each different row once. */
export class MultisetMatch implements Match {
  rows = 0
  weight = 0
  readonly #copies = new Map<string, { readonly row: Row; left: number; right: number }>()

  add(side: 'left' | 'right', rows: readonly Row[]): void {
    this.rows += rows.length
    for (const row of rows) {
      this.weight += weightOf(row)
      const print = fingerprint(row)
      const known = this.#copies.get(print)
      if (known === undefined) this.#copies.set(print, { row, left: 0, right: 0, [side]: 1 })
      else known[side]++
    }
  }

  *found(): Iterable<Found> {
    for (const { row, left, right } of this.#copies.values()) {
      if (left === right) continue
      const candidate: Candidate = {
        kind: 'copies',
        key: row,
        left: String(left),
        right: String(right),
        weight: weightOf(row),
      }
      yield { candidate, left: left > 0 ? row : undefined, right: right > 0 ? row : undefined }
    }
  }
}

function changed(left: Waiting, right: Waiting): Candidate {
  return {
    kind: 'changed',
    key: left.key,
    left: left.print,
    right: right.print,
    weight: left.weight + right.weight,
  }
}

/** Of a table a unique index forbids it; a query may give anything. */
export function repeatedKey(side: 'left' | 'right', key: KeyColumns): ConfigError {
  return new ConfigError({
    code: 'key-repeated',
    key: `${side}.key`,
    message: `two rows of the ${side} side have the same key (${key.names.join(', ')})`,
    fix: 'name columns that identify a row with key, group by them, or compare without a key (key: none)',
  })
}
