import type { Aggregate, ValueKind } from '../../../core/groups.js'
import { addDecimals, compareDecimals } from './decimal.js'

/** What was seen of one key at one moment. */
export interface Observation {
  readonly key: string
  /** What the master row holds; `undefined`: there is no such row. */
  readonly stored: string | null | undefined
  /** What each column of references comes to, in their order; `undefined`: no row of it has the key. */
  readonly counted: readonly (string | null | undefined)[]
}

export type Fault = 'mismatch' | 'unreferenced' | 'orphan'

/** What a stored number must be, given what refers to its row. */
export class Rule {
  /** Parts are added, and nothing at all is 0; else the greatest or least is taken, and nothing is NULL. */
  readonly adds: boolean
  readonly #aggregate: Aggregate['kind']
  readonly #value: ValueKind

  constructor(aggregate: Aggregate['kind'], value: ValueKind) {
    this.#aggregate = aggregate
    this.#value = value
    this.adds = aggregate === 'count' || aggregate === 'sum'
  }

  /** What the master row should hold. */
  expected(counted: Observation['counted']): string | null {
    let total: string | null = this.adds ? '0' : null
    for (const part of counted) {
      if (part === null || part === undefined) continue
      total = total === null ? part : this.#together(total, part)
    }
    return total
  }

  /** `undefined`: the stored number is right. */
  faultOf({ stored, counted }: Observation): Fault | undefined {
    const referred = counted.some((part) => part !== undefined)
    if (stored === undefined) return referred ? 'orphan' : undefined
    if (this.#same(stored, this.expected(counted))) return undefined
    return referred ? 'mismatch' : 'unreferenced'
  }

  #together(left: string, right: string): string {
    if (this.adds) return addDecimals(left, right)
    const leftFirst = this.#compare(left, right) < 0
    return leftFirst === (this.#aggregate === 'min') ? left : right
  }

  #same(left: string | null, right: string | null): boolean {
    return left === right || (left !== null && right !== null && this.#compare(left, right) === 0)
  }

  #compare(left: string, right: string): number {
    if (this.#value === 'number') return compareDecimals(left, right)
    return left < right ? -1 : left > right ? 1 : 0
  }
}
