import { z } from 'zod'
import { textPrint } from '../../../compare/text-print.js'
import type { CheckOptions, ReferenceFinding } from '../../../core/flow.js'
import type { StoredMender } from '../repair/stored-mender.js'

/** How many findings of each kind there are. */
export const FoundNumbers = z.object({
  mismatch: z.int(),
  unreferenced: z.int(),
  orphan: z.int(),
  unstable: z.int(),
})
export type FoundNumbers = z.infer<typeof FoundNumbers>

const NOTHING: FoundNumbers = { mismatch: 0, unreferenced: 0, orphan: 0, unstable: 0 }

/** Counts what is found and tells each once, also where a range that was told in part is read again. */
export class Findings {
  #byKind = { ...NOTHING }
  /** Prints of the keys that were told since the last mark, and of those that were when a reading was lost. */
  #unmarked: number[] = []
  readonly #toldBefore = new Set<number>()
  readonly #options: Pick<CheckOptions, 'finding'> & { readonly mender?: StoredMender }

  constructor(options: Pick<CheckOptions, 'finding'> & { readonly mender?: StoredMender }) {
    this.#options = options
  }

  get all(): FoundNumbers {
    return { ...this.#byKind }
  }

  /** Goes on from what was found up to a mark. */
  begin(from: FoundNumbers = NOTHING): void {
    this.#byKind = { ...from }
    for (const print of this.#unmarked) this.#toldBefore.add(print)
    this.#unmarked = []
  }

  /** Nothing that was added so far will come again. */
  mark(): void {
    this.#unmarked = []
  }

  add(finding: ReferenceFinding): void {
    this.#byKind[finding.kind] += 1
    if (this.#toldBefore.size > 0 && this.#toldBefore.has(textPrint(finding.key))) return
    this.#options.finding?.(finding)
    this.#options.mender?.add(finding)
  }

  /** The same of one that may come again until the next mark. */
  addUnmarked(finding: ReferenceFinding): void {
    this.add(finding)
    this.#unmarked.push(textPrint(finding.key))
  }
}
