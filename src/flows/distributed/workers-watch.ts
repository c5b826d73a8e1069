import type { RangesState } from '../../core/distribute.js'
import type { FlowContext } from '../../core/flow.js'
import type { ProgressListener } from '../../core/progress.js'

const SILENCE_MS = 10_000

/** Tells how far the workers are, and that there are none. */
export class WorkersWatch {
  readonly #context: Pick<FlowContext, 'name' | 'observer'>
  readonly #progress: ProgressListener | undefined
  readonly #refused = new Set<string>()
  #activeAt = Date.now()
  #silent = false
  #told = ''

  constructor(context: Pick<FlowContext, 'name' | 'observer'>, progress: ProgressListener | undefined) {
    this.#context = context
    this.#progress = progress
  }

  /** `total`: those of the whole work; some may have been done by an earlier run. */
  told({ done, running, of, refusedBy }: RangesState, total: number): void {
    const before = total - of
    const line = `${done} ${before}`
    if (line !== this.#told) this.#progress?.({ phase: 'ranges', done: before + done, of: total })
    if (line !== this.#told || running > 0) this.#activeAt = Date.now()
    this.#told = line
    for (const worker of refusedBy) {
      if (this.#refused.has(worker)) continue
      this.#refused.add(worker)
      this.#notice(
        'worker-refused',
        `the worker ${worker} does no range of this flow: its config says something else of it`,
      )
    }
    if (this.#silent || Date.now() - this.#activeAt < SILENCE_MS) return
    this.#silent = true
    this.#notice('no-workers', 'no worker takes a range; start some with `lockstep worker`')
  }

  #notice(code: string, message: string): void {
    this.#context.observer({ flow: this.#context.name, type: 'notice', level: 'warn', code, message })
  }
}
