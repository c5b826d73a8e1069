import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { LogLevel } from '../../config/define-config.js'
import { addedUp, type ConnectionFigures } from '../../core/connection-figures.js'
import { scrub } from '../../core/secret.js'
import { OTHER_EVENTS, type OtherEventName } from '../../observe/events/vocabulary.js'
import { createLogger } from '../../observe/logger.js'
import { FlowMetrics } from '../../observe/metrics.js'
import type { Desk } from '../../serve/desk.js'
import { isStale } from '../../serve/flow-summary.js'
import { listen, type ServedApp } from '../../serve/listen.js'
import type { Access } from '../../serve/security/access.js'
import { StoredCounts } from '../../serve/stores/stored-counts.js'

export interface ServerParts {
  readonly access: Access
  readonly level: LogLevel
  /** Takes a line of the log. */
  readonly log: (line: string) => void
}

/** Where the build puts the dashboard; seen from the folder of a chunk in `dist`, and from this file in `src`. */
const WEB = ['../web', '../../../dist/web']

/** Opens the port and serves the desk, the dashboard too where it was built. */
export async function openServer(desk: Desk, { access, level, log }: ServerParts): Promise<ServedApp> {
  const logger = createLogger(level, { write: (line) => log(line.trimEnd()) })
  const counts = new StoredCounts(desk)
  const metrics = new FlowMetrics({
    version: desk.version,
    flows: [...desk.flows].map(([name, { kind }]) => ({ name, kind })),
    board: desk.board,
    stored: (flow) => counts.last(flow),
    stale: (flow) => isStale(desk.board.figures(flow), Date.now()),
    connections: () => connectionsOf(desk),
  })
  const web = WEB.map((path) => fileURLToPath(new URL(path, import.meta.url))).find((folder) =>
    existsSync(`${folder}/index.html`),
  )
  return listen(desk, {
    access,
    metrics: async () => {
      await Promise.all([...desk.flows.keys()].map((flow) => counts.of(flow)))
      return metrics.text()
    },
    log: (line) => logger[OTHER_EVENTS[line.event]](line, `${line.method} ${line.path} ${line.status}`),
    unexpected: (error, requestId) => {
      const event = 'serve.unexpected' satisfies OtherEventName
      logger[OTHER_EVENTS[event]]({ event, requestId, error }, describe(error))
    },
    ...(web === undefined ? {} : { web }),
  })
}

function describe(error: unknown): string {
  return scrub(error instanceof Error ? error.message : String(error))
}

/** By label. A database that the config names twice has its figures added up. */
function connectionsOf(desk: Desk): ReadonlyMap<string, ConnectionFigures> {
  const databases = new Set([...desk.flows].flatMap(([name, flow]) => [...flow.databases, ...desk.stateOf(name)]))
  const figures = new Map<string, ConnectionFigures>()
  for (const database of databases) {
    const own = database.connections?.()
    const known = figures.get(database.label)
    if (own !== undefined) figures.set(database.label, known === undefined ? own : addedUp([known, own]))
  }
  return figures
}
