import { z } from 'zod'
import type { FlowContext } from '../../../core/flow.js'
import { KeptCheck } from '../resume/kept-check.js'
import type { Counting, CountingFigures, CountingRequest } from './counting.js'
import { type Findings, FoundNumbers } from './findings.js'
import { Recount, type RecountMark } from './recount.js'
import { SecondLook } from './second-look.js'

/** What is kept: all keys up to `last` have been judged. */
const ReferencesDone = z.object({
  last: z.string(),
  groups: z.array(z.number()).readonly(),
  total: z.number(),
  found: FoundNumbers,
})
type ReferencesDone = z.infer<typeof ReferencesDone>

/** Between two marks, in ms: each makes a chunk of its own of what is to be looked at again. */
const MARK_MS = 3_000

/** This process counts. See `BeginCounting`. */
export async function countHere(request: CountingRequest): Promise<Counting> {
  const { context, shape, options } = request
  return new CountingHere(request, await KeptCheck.open(context, { shape, done: ReferencesDone, check: options }))
}

class CountingHere implements Counting {
  readonly kept: KeptCheck<ReferencesDone>
  readonly distributed = undefined
  readonly #context: FlowContext
  readonly #findings: Findings
  readonly #recount: Recount
  readonly #second: SecondLook
  #markedMs = Number.NEGATIVE_INFINITY

  constructor({ opened, context, options, findings }: CountingRequest, kept: KeptCheck<ReferencesDone>) {
    this.kept = kept
    this.#context = context
    this.#findings = findings
    const done = kept.resumed?.done
    findings.begin(done?.found)
    const { maxSnapshotMs, settleMs, patienceMs, progress, databases, watch } = options
    const signal = AbortSignal.any([context.drain, context.abort])
    const watched = { databases, watch }
    const common = { opened, context, signal, ...watched, ...(patienceMs === undefined ? {} : { patienceMs }) }
    this.#recount = new Recount({ ...common, range: { after: done?.last }, done, maxSnapshotMs, progress })
    const report = findings.add.bind(findings)
    this.#second = new SecondLook({ ...common, patienceMs, settleMs, check: options, report })
  }

  get figures(): CountingFigures {
    return this.#recount.figures
  }

  async run(): Promise<boolean> {
    const read = await this.#recount.read(this.#second, (done) => this.#mark(done))
    await this.#second.finish()
    return read && this.#second.complete
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Now and then: what is done up to this key is kept, once all that differed up to it has been judged. */
  async #mark(mark: () => RecountMark): Promise<void> {
    if (this.#context.state === undefined || performance.now() - this.#markedMs < MARK_MS) return
    this.#markedMs = performance.now()
    const done = mark()
    await this.#second.mark(() => this.kept.save({ ...done, found: this.#findings.all }))
  }
}
