import { Pull, type PullScope } from './pull.js'

/** The service takes no greater ones. */
const MAX_MESSAGE_BYTES = 10_000_000

/**
 * Several streams side by side, as the service (and even more so the emulator, with 2,000 messages a second) delivers
 * only so much on each. They share one gatherer and one bound.
 */
export class Pulls {
  readonly #pulls: readonly Pull[]

  constructor(scope: PullScope) {
    const { streams, maxMessages, maxBytes } = scope.settings
    // Each stream may bring one message, however large: more streams than fit would exceed `maxBytes`.
    const count = Math.min(streams, maxMessages, Math.max(1, Math.floor(maxBytes / MAX_MESSAGE_BYTES)))
    const share = { messages: Math.ceil(maxMessages / count), bytes: Math.ceil(maxBytes / count) }
    this.#pulls = Array.from({ length: count }, (_, index) => new Pull(scope, { ...share, probes: index === 0 }))
  }

  /** When a message came last, or a stream was opened; `performance.now()`. 0: none is open yet. */
  get stirredAt(): number {
    return Math.max(...this.#pulls.map((pull) => pull.stirredAt))
  }

  async open(): Promise<void> {
    await Promise.all(this.#pulls.map((pull) => pull.open()))
  }

  balance(): void {
    for (const pull of this.#pulls) pull.balance()
  }

  async close(): Promise<void> {
    await Promise.all(this.#pulls.map((pull) => pull.close()))
  }
}
