import type { Config } from '../../config/define-config.js'
import type { NamedFlow } from '../../config/select-flows.js'
import { EXIT, exitCodeOf } from '../../core/errors.js'
import type { CheckReport } from '../../core/flow.js'
import type { FlowEvent, Observer } from '../../core/observer.js'
import type { Alerts } from '../../observe/alerts/alerts.js'
import { VERDICT_EXIT } from '../exit-codes.js'
import { type AlertSurroundings, openAlerts } from '../run/open-alerts.js'

/** The alerts of one comparison by hand, or by a scheduler of somebody else: as if `lockstep run` had run the flow. */
export class CheckAlerts implements AsyncDisposable {
  readonly #alerts: Alerts
  readonly #flow: NamedFlow
  readonly #leaving: () => boolean
  #verdict: (FlowEvent & { readonly type: 'verdict' }) | undefined

  constructor(config: Config, flow: NamedFlow, surroundings: AlertSurroundings) {
    this.#alerts = openAlerts(config, [flow], surroundings)
    this.#flow = flow
    this.#leaving = surroundings.leaving
  }

  readonly observer: Observer = (event) => {
    if (event.type === 'verdict') this.#verdict = event
    this.#alerts.observer(event)
  }

  /** Passes the report on; what it says counts, as a repair may have made the sides the same. */
  async around(work: () => Promise<CheckReport>): Promise<CheckReport> {
    const { name, flow } = this.#flow
    this.#alerts.observer({ flow: name, type: 'started', kind: flow.kind })
    try {
      const report = await work()
      const { verdict } = report
      if (this.#verdict?.verdict !== verdict) {
        const sampled = report.kind === 'tables' && report.sample !== undefined
        const figures: Readonly<Record<string, number>> = sampled ? { sampleShare: report.sample.share } : {}
        this.#alerts.observer({ flow: name, type: 'verdict', verdict, detail: 'see the report', figures })
      }
      this.#alerts.observer({ flow: name, type: 'stopped', exitCode: VERDICT_EXIT[verdict], error: undefined })
      return report
    } catch (error) {
      const thrown = error instanceof Error ? error : new Error(String(error))
      // Who was asked to stop has not failed.
      const end = this.#leaving()
        ? { exitCode: EXIT.aborted, error: undefined }
        : { exitCode: exitCodeOf(error), error: thrown }
      this.#alerts.observer({ flow: name, type: 'stopped', ...end })
      throw error
    }
  }

  /** Sends what is to be told. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#alerts.close()
  }
}
