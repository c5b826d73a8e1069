import { randomUUID } from 'node:crypto'
import type { Config } from '../../config/define-config.js'
import { type NamedFlow, selectFlows } from '../../config/select-flows.js'
import { EXIT, type ExitCode } from '../../core/errors.js'
import type { FlowEvent, Observer } from '../../core/observer.js'
import { FlowBoard } from '../../observe/board/flow-board.js'
import { fanOut } from '../../observe/fan-out.js'
import { gather } from '../../observe/gather.js'
import type { Io } from '../io.js'
import { toJson } from '../json.js'
import { stateOf, withConfig } from '../open-config.js'
import { paint } from '../render/paint.js'
import { renderError } from '../report-error.js'
import { Heartbeat } from '../run/heartbeat.js'
import { historyState } from '../run/history-state.js'
import { liveView } from '../run/live-view.js'
import { logLevelOf } from '../run/log-level.js'
import { openAlerts } from '../run/open-alerts.js'
import { openEvents } from '../run/open-events.js'
import { openLog } from '../run/open-log.js'
import { openRunTraces } from '../run/open-run-traces.js'
import { RunProgress } from '../run/run-progress.js'
import { Runner } from '../run/runner.js'
import { thisProcess } from '../run/this-process.js'
import { serveRun } from '../serve/serve-run.js'
import { listenForSignals } from '../signals.js'

export interface RunArguments {
  readonly flows: readonly string[]
  readonly untilCaughtUp: boolean
  /** Flows with a schedule run now, one time. */
  readonly once: boolean
  /** Feeds publish all rows, now, one time. */
  readonly full: boolean
  /** Waits while another instance runs a flow that must run once. */
  readonly standby: boolean
  /** Serves the API too; `listen` as on the command line. */
  readonly serve?: { readonly listen: string | undefined }
  readonly json: boolean
  readonly config?: string
  readonly logLevel?: string
}

const LEAVING_MS = 3_000
const LAST_MS = 2_000

/** Runs flows until they are finished, stopped by a signal or failed. */
export async function run(io: Io, args: RunArguments): Promise<ExitCode> {
  return withConfig(io, args.config, async (config) => {
    const flows = selectFlows(config, args.flows)
    const progress = new RunProgress()
    using signals = listenForSignals()
    const level = logLevelOf(args.logLevel, io.env, config)
    const screen = io.isTty && !args.json ? liveScreen(io, progress, () => signals.shutdown.state) : undefined
    const shown = screen ?? { observer: openLog({ level, write: args.json ? io.err : io.out }) }
    const heartbeats = startHeartbeats(config, flows, progress)
    const board = args.serve === undefined ? undefined : new FlowBoard(progress.tally)
    const leaving = (): boolean => signals.shutdown.state !== 'running'
    const events = openEvents(config, flows)
    const traces = await openRunTraces(config, io)
    const told = fanOut(progress.take, shown.observer, board?.observer, events.observer)
    const alerts = openAlerts(config, flows, { tell: told, leaving })
    const all = fanOut(told, alerts.observer)
    // A line per batch has the time at which it is written.
    const observer = fanOut(traces?.observer, level === 'debug' || level === 'trace' ? all : gather(all))
    const runner = new Runner(flows, {
      observer,
      signals,
      untilCaughtUp: args.untilCaughtUp,
      once: args.once || args.full,
      full: args.full,
      standby: args.standby,
      instance: thisProcess(),
      stays: board !== undefined && !(args.once || args.full || args.untilCaughtUp),
      stateOf: (flow) => stateOf(config, flow)?.state,
      historyOf: ({ name: flow }) =>
        historyState(config, (message) =>
          observer({ flow, type: 'notice', level: 'warn', code: 'history-unkept', message }),
        ),
    })
    const served = { config, flows, observer, signals, level, listen: args.serve?.listen, eventTag: events.tag }
    await using _server = board && (await serveRun(io, { ...served, board, control: runner }))
    const worst = await runner.run()
    const exitCode = signals.shutdown.state === 'aborting' ? EXIT.aborted : worst
    // Whoever asks it to stop kills it soon.
    await alerts.close(leaving() ? LEAVING_MS : undefined)
    screen?.end()
    await Promise.all([
      ...heartbeats.map((heartbeat) => heartbeat.stop()),
      events.close(LAST_MS),
      traces?.close(LAST_MS),
    ])
    if (args.json) io.out(summary(progress, exitCode))
    return exitCode
  })
}

function summary(progress: RunProgress, exitCode: ExitCode): string {
  const { startedMs } = progress
  const startedAt = new Date(startedMs).toISOString()
  return toJson({ exitCode, startedAt, durationMs: Date.now() - startedMs, flows: progress.tallies() })
}

/** Flows without a database, in a config without one, leave no trace for `status`. */
function startHeartbeats(config: Config, flows: readonly NamedFlow[], progress: RunProgress): readonly Heartbeat[] {
  const run = randomUUID()
  return flows.flatMap((flow) => {
    const database = stateOf(config, flow)
    return database === undefined ? [] : [new Heartbeat(database, () => progress.record(flow.name, run))]
  })
}

interface Screen {
  readonly observer: Observer
  end(): void
}

/** The live view; it has one line per failure, so what to do about each is said in full below it at the end. */
function liveScreen(io: Io, progress: RunProgress, state: () => keyof typeof STOPPING): Screen {
  const failures: string[] = []
  const debug = Boolean(io.env['LOCKSTEP_DEBUG'])
  let ended = false
  const live = liveView(io, () => progress.view(ended ? 'done' : STOPPING[state()]))
  return {
    observer(event: FlowEvent) {
      if (event.type !== 'stopped' || event.error === undefined) return
      failures.push(renderError(event.error, { paint: paint(io), debug, flow: event.flow }))
    },
    end() {
      ended = true
      live.stop()
      for (const failure of failures) io.err(`\n${failure}`)
    },
  }
}

const STOPPING = { running: 'no', draining: 'draining', aborting: 'aborting' } as const
