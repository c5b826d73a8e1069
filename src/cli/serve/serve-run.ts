import type { Config, LogLevel } from '../../config/define-config.js'
import type { NamedFlow } from '../../config/select-flows.js'
import type { Observer } from '../../core/observer.js'
import type { Board } from '../../observe/board/flow-figures.js'
import type { FlowControl } from '../../serve/desk.js'
import type { ServedApp } from '../../serve/listen.js'
import type { Io } from '../io.js'
import type { Signals } from '../signals.js'
import { openDesk } from './open-desk.js'
import { openServer } from './open-server.js'
import { serveAccess } from './serve-access.js'

export interface ServedRun {
  readonly config: Config
  readonly flows: readonly NamedFlow[]
  readonly board: Board
  readonly observer: Observer
  readonly signals: Signals
  readonly control: FlowControl
  readonly level: LogLevel
  /** As on the command line. */
  readonly listen: string | undefined
  /** Of the events that this process keeps. */
  readonly eventTag: string
}

/** Serves the flows that this process runs. Says where on stderr, as stdout is for logs or the live view. */
export async function serveRun(io: Io, run: ServedRun): Promise<ServedApp> {
  const { config, flows, board, observer, signals, control, level, listen, eventTag } = run
  const { drain, abort } = signals.shutdown
  const desk = openDesk(config, flows, { board, observer, control, drain, abort, eventTag })
  const server = await openServer(desk, { access: serveAccess(config, io.env, listen), level, log: io.err })
  io.err(`serving ${server.url}`)
  return server
}
