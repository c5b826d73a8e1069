import type { UnavailableError } from '../../core/errors.js'
import type { FlowContext } from '../../core/flow.js'
import { backOffMs, pause } from '../../engine/retry.js'

const PATIENCE_MS = 60_000
const BACK_OFF = { initialMs: 100, maxMs: 5_000, random: Math.random }

/** How long a check goes on trying: it has an end, and must say so when it cannot reach it. */
export class Patience {
  readonly #context: Pick<FlowContext, 'name' | 'observer'>
  readonly #signal: AbortSignal
  readonly #limitMs: number
  #since: number | undefined
  #attempt = 0
  #unhealthy = false

  constructor(context: Pick<FlowContext, 'name' | 'observer'>, signal: AbortSignal, limitMs = PATIENCE_MS) {
    this.#context = context
    this.#signal = signal
    this.#limitMs = limitMs
  }

  /** Something worked: the time starts anew. */
  renew(): void {
    this.#since = undefined
    this.#attempt = 0
    this.#tellHealth(undefined)
  }

  /** Waits before the next attempt; `false` when it is time to give up. */
  async wait(error: UnavailableError): Promise<boolean> {
    this.#since ??= Date.now()
    if (Date.now() - this.#since >= this.#limitMs) return false
    this.#attempt++
    const delayMs = backOffMs(this.#attempt, BACK_OFF)
    this.#context.observer({
      flow: this.#context.name,
      type: 'retry',
      lane: 'differences',
      attempt: this.#attempt,
      delayMs,
      error,
    })
    this.#tellHealth(error.message)
    await pause(delayMs, this.#signal)
    return !this.#signal.aborted
  }

  /** `undefined`: it works. Which side fails is said in the reason. */
  #tellHealth(reason: string | undefined): void {
    const unhealthy = reason !== undefined
    if (unhealthy === this.#unhealthy) return
    this.#unhealthy = unhealthy
    const { name: flow, observer } = this.#context
    observer({ flow, type: 'health', subject: 'the databases', healthy: !unhealthy, reason })
  }
}
