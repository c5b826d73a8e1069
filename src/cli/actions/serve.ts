import { selectFlows } from '../../config/select-flows.js'
import { EXIT, type ExitCode } from '../../core/errors.js'
import { RecordBoard } from '../../observe/board/record-board.js'
import { RecordWatch } from '../../serve/record-watch.js'
import type { Io } from '../io.js'
import { statePlacesOf, withConfig } from '../open-config.js'
import { logLevelOf } from '../run/log-level.js'
import { openLog } from '../run/open-log.js'
import { openDesk } from '../serve/open-desk.js'
import { openServer } from '../serve/open-server.js'
import { serveAccess } from '../serve/serve-access.js'
import { listenForSignals } from '../signals.js'

export interface ServeArguments {
  readonly flows: readonly string[]
  readonly listen?: string
  readonly config?: string
  readonly logLevel?: string
}

/** Serves the API for flows that run in other processes, until a signal. */
export async function serve(io: Io, args: ServeArguments): Promise<ExitCode> {
  return withConfig(io, args.config, async (config) => {
    const flows = selectFlows(config, args.flows)
    using signals = listenForSignals()
    const level = logLevelOf(args.logLevel, io.env, config)
    const { drain, abort } = signals.shutdown
    const board = new RecordBoard()
    const observer = openLog({ level, write: io.err })
    const desk = openDesk(config, flows, { board, observer, drain, abort })
    const places = new Set(flows.flatMap((flow) => statePlacesOf(config, flow)))
    const named = (some: typeof flows): ReadonlySet<string> => new Set(some.map(({ name }) => name))
    const watched = { all: named(flows), checks: named(flows.filter(({ flow }) => flow.kind === 'check')) }
    using _watch = new RecordWatch(board, [...places], watched)
    await using server = await openServer(desk, {
      access: serveAccess(config, io.env, args.listen),
      level,
      log: io.err,
    })
    io.out(`serving ${server.url}`)
    await new Promise<void>((resolve) => drain.addEventListener('abort', () => resolve(), { once: true }))
    return EXIT.ok
  })
}
