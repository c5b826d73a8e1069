import type { Cursor } from './cursor.js'
import type { Observation, Rule } from './rule.js'

export interface MergeOptions {
  readonly master: Cursor
  readonly references: readonly Cursor[]
  readonly compare: (left: string, right: string) => number
  readonly rule: Rule
  /** Keys that stand for "no reference". */
  readonly none: ReadonlySet<string>
  /** Ends what the cursors still wait for; called once, at the end. */
  readonly stop: () => void
}

/**
 * Walks over the groups of all columns in the order of their keys, each once, and finds the keys whose stored number is
 * not what refers to them. Holds one batch of each column, and one that is on its way.
 */
export class Merge {
  /** Sum of all counts, where counts or sums are taken. */
  total = 0
  /** All keys up to here were looked at. */
  last: string | undefined
  readonly #options: MergeOptions
  readonly #cursors: readonly Cursor[]
  readonly #noneNumbers: ReadonlySet<number>
  /** The key each cursor is at; infinity at its end. */
  readonly #heads: Float64Array

  constructor(options: MergeOptions) {
    this.#options = options
    this.#cursors = [options.master, ...options.references]
    this.#noneNumbers = new Set([...options.none].map(Number))
    this.#heads = new Float64Array(this.#cursors.length)
  }

  /** What differs, batch by batch. */
  async *read(): AsyncGenerator<readonly Observation[]> {
    try {
      for (;;) {
        await Promise.all(this.#cursors.map((cursor) => cursor.refill()))
        if (this.#cursors.every((cursor) => cursor.done)) return
        yield this.#onNumbers() ? this.#numbers() : this.#texts()
      }
    } finally {
      this.#options.stop()
      await Promise.all(this.#cursors.map((cursor) => cursor.close()))
    }
  }

  #onNumbers(): boolean {
    const isNumeric = ({ done, keys, values }: Cursor): boolean =>
      done || (keys instanceof Float64Array && values instanceof Float64Array)
    return this.#options.rule.adds && this.#cursors.every(isNumeric)
  }

  /** Until a batch is used up. The hot loop of a check: no text, no object and no promise for a key that is right. */
  #numbers(): readonly Observation[] {
    const cursors = this.#cursors
    const heads = this.#heads
    const found: Observation[] = []
    for (const [index, cursor] of cursors.entries()) heads[index] = headOf(cursor)
    for (let usedUp = false; !usedUp; ) {
      let least = Number.POSITIVE_INFINITY
      for (let index = 0; index < heads.length; index++) least = Math.min(least, heads[index] ?? least)
      let counted = 0
      let referred = false
      for (let index = 1; index < heads.length; index++) {
        const cursor = cursors[index]
        if (heads[index] !== least || cursor === undefined) continue
        counted += numberAt(cursor)
        referred = true
      }
      const master = cursors[0]
      const isStored = heads[0] === least && master !== undefined
      if (!this.#noneNumbers.has(least)) {
        this.total += counted
        const right = isStored ? numberAt(master) === counted && Number.isSafeInteger(counted) : !referred
        if (!right) this.#look(least, found)
      }
      for (let index = 0; index < heads.length; index++) {
        const cursor = cursors[index]
        if (heads[index] !== least || cursor === undefined) continue
        cursor.at += 1
        if (cursor.at === cursor.length) usedUp = true
        else heads[index] = headOf(cursor)
      }
      this.last = String(least)
    }
    return found
  }

  #look(least: number, found: Observation[]): void {
    const key = String(least)
    const seen = (cursor: Cursor, index: number): string | null | undefined =>
      this.#heads[index] === least ? cursor.value : undefined
    this.#judge(key, this.#cursors.map(seen), found)
  }

  #texts(): readonly Observation[] {
    const { compare, none } = this.#options
    const found: Observation[] = []
    for (;;) {
      let least: string | undefined
      for (const cursor of this.#cursors) {
        if (!cursor.done && (least === undefined || compare(cursor.key, least) < 0)) least = cursor.key
      }
      if (least === undefined) return found
      const key = least
      const here = this.#cursors.map((cursor) => !cursor.done && compare(cursor.key, key) === 0)
      if (!none.has(key)) {
        const values = this.#cursors.map((cursor, index) => (here[index] === true ? cursor.value : undefined))
        if (this.#options.rule.adds) for (const value of values.slice(1)) this.total += Number(value ?? 0)
        this.#judge(key, values, found)
      }
      for (const [index, cursor] of this.#cursors.entries()) if (here[index] === true) cursor.at += 1
      this.last = key
      if (this.#cursors.some((cursor) => !cursor.done && cursor.at >= cursor.length)) return found
    }
  }

  #judge(key: string, [stored, ...counted]: readonly (string | null | undefined)[], found: Observation[]): void {
    const observation: Observation = { key, stored, counted }
    if (this.#options.rule.faultOf(observation) !== undefined) found.push(observation)
  }
}

function headOf({ done, keys, at }: Cursor): number {
  return done ? Number.POSITIVE_INFINITY : Number(keys[at])
}

function numberAt({ values, at }: Cursor): number {
  return Number(values[at])
}
