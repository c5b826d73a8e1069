import type { ChangeOptions } from '../../../core/mirror.js'
import type { Ledger, Poll } from './ledger.js'

/** An open transaction is worth a word after so long, and again each so often. */
const HELD_MS = 60_000
const REPEAT_MS = 600_000
/** Remembered transactions beyond which the ledger lets go and leaves the rest to a comparison: some 30 MB. */
export const MOST_REMEMBERED = 200_000

interface HorizonOptions {
  readonly label: string
  readonly notice: ChangeOptions['notice']
  readonly uncertain: ChangeOptions['uncertain']
  /** One sentence on who it is; `undefined` when it is over or unknown. */
  holder(): Promise<string | undefined>
  readonly mostRemembered?: number
}

/**
 * Watches the oldest open transaction of the cluster: while there is one, the floor cannot rise and the ledger
 * remembers every transaction since. Names it, and bounds what is remembered.
 */
export class HeldHorizon {
  readonly #options: HorizonOptions
  #xmin = 0
  #since = performance.now()
  #toldAt = Number.NEGATIVE_INFINITY
  #letGoAt: number | undefined

  constructor(options: HorizonOptions) {
    this.#options = options
  }

  /** Called after each sweep; what was visible in `poll` and is below its `xmax` is delivered. */
  async look(ledger: Ledger, poll: Poll): Promise<void> {
    const now = performance.now()
    const { xmin, xmax } = poll.snapshot
    if (xmin !== this.#xmin || xmin === xmax) {
      this.#xmin = xmin
      this.#since = now
    } else if (now - this.#since > HELD_MS && now - this.#toldAt > REPEAT_MS) await this.#tell(now)
    if (this.#letGoAt !== undefined && xmin >= this.#letGoAt) {
      this.#letGoAt = undefined
      this.#options.uncertain()
    }
    if (ledger.size > (this.#options.mostRemembered ?? MOST_REMEMBERED)) {
      this.#letGoAt = xmax
      ledger.raise(xmax, poll.written)
      this.#warn(
        'ledger-full',
        `transactions open since before ${xmax} are no longer waited for; the tables are compared when they have ended`,
      )
    }
  }

  /** A transaction id below which open transactions are not waited for; `undefined`: all are. To be saved. */
  get letGoAt(): number | undefined {
    return this.#letGoAt
  }

  /** Goes on from what an earlier process saved. */
  restore(letGoAt: number | undefined): void {
    this.#letGoAt = letGoAt
  }

  async #tell(now: number): Promise<void> {
    this.#toldAt = now
    const holder = await this.#options.holder()
    if (holder !== undefined)
      this.#warn(
        'horizon-held',
        `${holder}. Its rows will come when it ends; until then every transaction is remembered`,
      )
  }

  #warn(code: string, message: string): void {
    this.#options.notice({ level: 'warn', code, message: `${this.#options.label}: ${message}` })
  }
}
