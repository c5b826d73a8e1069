import type { RejectionReason } from '../../../core/feed-run.js'
import type { Row } from '../../../core/table.js'

interface Counted {
  readonly code: string
  readonly reason: string
  count: number
  readonly keys: Row[]
}

const MOST_REASONS = 100
/** Of one reason at most this share of all keys that are kept, so that one does not leave nothing for the others. */
const SHARE = 0.1
/** Of one value, and of all keys together. */
const VALUE_CHARACTERS = 1_000
const REASON_CHARACTERS = 1_000
const KEY_CHARACTERS = 256 * 1024

/** Counts what was wrong with rows by reason, and keeps the keys of the first of them, in bounded memory. */
export class KeptReasons {
  /** What was wrong beyond the reasons that are kept. */
  others = 0
  readonly #byReason = new Map<string, Counted>()
  readonly #mostKeys: number
  #keysLeft: number
  #charactersLeft = KEY_CHARACTERS

  constructor(keepKeys: number) {
    this.#keysLeft = keepKeys
    this.#mostKeys = Math.ceil(keepKeys * SHARE)
  }

  add({ code, reason }: Pick<RejectionReason, 'code' | 'reason'>, key: readonly unknown[]): void {
    const name = `${code}: ${reason}`
    const known = this.#byReason.get(name)
    if (known === undefined && this.#byReason.size >= MOST_REASONS) {
      this.others += 1
      return
    }
    const counted = known ?? { code, reason: cut(reason, REASON_CHARACTERS), count: 0, keys: [] }
    if (known === undefined) this.#byReason.set(name, counted)
    counted.count += 1
    this.#keep(counted, key)
  }

  /** The most frequent first. */
  list(): readonly RejectionReason[] {
    return [...this.#byReason.values()].sort((one, other) => other.count - one.count)
  }

  #keep({ keys }: Counted, key: readonly unknown[]): void {
    if (key.length === 0 || this.#keysLeft === 0 || keys.length >= this.#mostKeys) return
    const texts = key.map(keyText)
    const characters = texts.reduce((sum, text) => sum + (text?.length ?? 0), 0)
    if (characters > this.#charactersLeft) return
    this.#charactersLeft -= characters
    this.#keysLeft -= 1
    keys.push(texts)
  }
}

function keyText(value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  return cut(String(value), VALUE_CHARACTERS)
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`
}
