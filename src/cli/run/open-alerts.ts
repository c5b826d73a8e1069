import type { Config } from '../../config/define-config.js'
import type { NamedFlow } from '../../config/select-flows.js'
import type { Observer } from '../../core/observer.js'
import { Alerts } from '../../observe/alerts/alerts.js'
import { stateOf } from '../open-config.js'

export interface AlertSurroundings {
  /** Is told of alerts that nobody took. */
  readonly tell: Observer
  /** The process was asked to stop. */
  leaving(): boolean
}

/** The alerts of these flows, as the config says; what was told is kept in the database of each flow's state. */
export function openAlerts(config: Config, flows: readonly NamedFlow[], { tell, leaving }: AlertSurroundings): Alerts {
  const alerted = flows.map((named) => ({ ...named, state: stateOf(config, named)?.state }))
  return new Alerts({ settings: config.alerts, flows: alerted, tell, leaving })
}
