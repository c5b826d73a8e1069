import packageJson from '../../../package.json' with { type: 'json' }
import type { Config } from '../../config/define-config.js'
import type { NamedFlow } from '../../config/select-flows.js'
import type { Observer } from '../../core/observer.js'
import type { Board } from '../../observe/board/flow-figures.js'
import type { Desk, FlowControl } from '../../serve/desk.js'
import { statePlacesOf } from '../open-config.js'
import { feedReader } from './feed-reader.js'

export interface DeskParts {
  readonly board: Board
  readonly observer: Observer
  readonly drain: AbortSignal
  readonly abort: AbortSignal
  /** Left out where flows run elsewhere. */
  readonly control?: FlowControl
  readonly eventTag?: string
}

/** What the server shows, of these flows of the config. */
export function openDesk(config: Config, flows: readonly NamedFlow[], parts: DeskParts): Desk {
  const databases = new Map(flows.map((flow) => [flow.name, statePlacesOf(config, flow)]))
  const named = new Map(flows.map(({ name, flow }) => [name, flow]))
  return {
    ...parts,
    version: packageJson.version,
    mode: parts.control === undefined ? 'watch' : 'run',
    readOnly: config.serve?.readOnly ?? false,
    startedAt: new Date().toISOString(),
    flows: named,
    ...(config.alerts === undefined ? {} : { alerts: config.alerts }),
    stateOf: (flow) => databases.get(flow) ?? [],
    feeds: feedReader(named),
  }
}
