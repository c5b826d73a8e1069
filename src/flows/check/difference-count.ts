import { textPrint } from '../../compare/text-print.js'
import type { Difference } from '../../core/difference.js'
import type { CheckOptions, TablesReport } from '../../core/flow.js'

/** Differences already told to the caller are remembered up to this number, so that beginning again repeats none. */
const REMEMBERED = 100_000

export interface DifferenceCounts {
  readonly missingLeft: number
  readonly missingRight: number
  readonly changed: number
  readonly copies: number
  readonly unstable: number
}

/** How many differences of each kind there are. Tells each once, also when the comparison begins again. */
export class DifferenceCount {
  #byKind = { ...NOTHING }
  readonly #tell: CheckOptions['difference']
  /** Prints of keys: a text for each would be held as long as the check takes. */
  readonly #told = new Set<number>()
  #readings = 0

  constructor(options: CheckOptions) {
    this.#tell = options.difference?.bind(options)
  }

  begin(from: DifferenceCounts = NOTHING): void {
    this.#readings++
    this.#byKind = { ...from }
  }

  get all(): DifferenceCounts {
    return { ...this.#byKind }
  }

  found(keyless: boolean): Pick<TablesReport, keyof DifferenceCounts> {
    const { copies, ...byKey } = this.#byKind
    return keyless ? { ...byKey, copies } : byKey
  }

  /** `false`: it was told before, as the comparison began again. */
  add(difference: Difference): boolean {
    this.#byKind[MEMBER[difference.kind]]++
    const isFull = this.#told.size >= REMEMBERED
    if (this.#readings > 1 || !isFull) {
      const print = textPrint(JSON.stringify(difference.key))
      if (this.#told.has(print)) return false
      if (!isFull) this.#told.add(print)
    }
    this.#tell?.(difference)
    return true
  }

  get verdict(): TablesReport['verdict'] {
    const { missingLeft, missingRight, changed, copies, unstable } = this.#byKind
    if (missingLeft + missingRight + changed + copies > 0) return 'different'
    return unstable > 0 ? 'unverified' : 'same'
  }
}

const MEMBER = {
  'missing-left': 'missingLeft',
  'missing-right': 'missingRight',
  changed: 'changed',
  copies: 'copies',
  unstable: 'unstable',
} as const

const NOTHING: DifferenceCounts = { missingLeft: 0, missingRight: 0, changed: 0, copies: 0, unstable: 0 }
