import { type RangeRequest, RangesError, type RangesState } from '../../core/distribute.js'
import { EXIT } from '../../core/errors.js'

/** How long nothing may happen. */
export class Patience {
  readonly #request: RangeRequest
  #since = Date.now()
  #done = -1

  constructor(request: RangeRequest) {
    this.#request = request
  }

  look({ done, running, refusedBy }: RangesState): void {
    const now = Date.now()
    if (running > 0 || done !== this.#done) this.#since = now
    this.#done = done
    if (now - this.#since < this.#request.waitMs) return
    throw refusedBy.length > 0 ? refused(refusedBy) : noWorkers(this.#request)
  }
}

function refused(workers: readonly string[]): RangesError {
  return new RangesError(
    'worker-config-differs',
    `no worker does the ranges; refused by ${workers.slice(0, 3).join(', ')}, whose config says something else of this flow: give all the same config and version`,
    { exitCode: EXIT.config },
  )
}

function noWorkers({ flow, waitMs }: RangeRequest): RangesError {
  return new RangesError(
    'no-workers',
    `no worker has done anything for ${Math.round(waitMs / 1_000)} s: start some with \`lockstep worker\`, with a config that has the flow ${flow}`,
    { exitCode: EXIT.unavailable },
  )
}
