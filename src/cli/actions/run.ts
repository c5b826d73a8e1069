import { randomUUID } from 'node:crypto'
import { type Config, LOG_LEVELS, type LogLevel } from '../../config/define-config.js'
import { type NamedFlow, selectFlows } from '../../config/select-flows.js'
import { EXIT, type ExitCode } from '../../core/errors.js'
import type { FlowEvent } from '../../core/observer.js'
import type { Io } from '../io.js'
import { toJson } from '../json.js'
import { stateOf, withConfig } from '../open-config.js'
import { paint } from '../render/paint.js'
import { renderError } from '../report-error.js'
import { Heartbeat } from '../run/heartbeat.js'
import { liveView } from '../run/live-view.js'
import { openLog } from '../run/log.js'
import { runFlows } from '../run/run-flows.js'
import { RunProgress } from '../run/run-progress.js'
import { summaryOf } from '../run/summary.js'
import { listenForSignals } from '../signals.js'

export interface RunArguments {
  readonly flows: readonly string[]
  readonly untilCaughtUp: boolean
  readonly json: boolean
  readonly config?: string
  readonly logLevel?: string
}

/** Runs flows until they are finished, stopped by a signal or failed. */
export async function run(io: Io, args: RunArguments): Promise<ExitCode> {
  return withConfig(io, args.config, async (config) => {
    const flows = selectFlows(config, args.flows)
    const progress = new RunProgress(flows, Date.now())
    using signals = listenForSignals()
    const live = io.isTty && !args.json
    const log = live ? undefined : openLog({ level: levelOf(args, config), write: args.json ? io.err : io.out })
    const failures: { readonly flow: string; readonly error: Error }[] = []
    const observer = (event: FlowEvent): void => {
      progress.take(event)
      log?.(event)
      if (event.type === 'stopped' && event.error !== undefined) failures.push({ flow: event.flow, error: event.error })
    }
    let done = false
    const view = () => progress.view(done ? 'done' : STOPPING[signals.shutdown.state])
    const shown = live ? liveView(io, view) : undefined
    const heartbeats = startHeartbeats(config, flows, progress)
    const exitCode = await runFlows(flows, { observer, signals, untilCaughtUp: args.untilCaughtUp })
    done = true
    shown?.stop()
    await Promise.all(heartbeats.map((heartbeat) => heartbeat.stop()))
    if (live) reportFailures(io, failures)
    if (args.json) io.out(toJson(summaryOf(view(), exitCode)))
    return signals.shutdown.state === 'aborting' ? EXIT.aborted : exitCode
  })
}

const STOPPING = { running: 'no', draining: 'draining', aborting: 'aborting' } as const

function levelOf(args: RunArguments, config: Config): LogLevel {
  return LOG_LEVELS.find((level) => level === args.logLevel) ?? config.log?.level ?? 'info'
}

function startHeartbeats(config: Config, flows: readonly NamedFlow[], progress: RunProgress): readonly Heartbeat[] {
  const records = progress.records(randomUUID())
  return flows.flatMap((flow) => {
    const database = stateOf(config, flow)
    const record = records.get(flow.name)
    return database === undefined || record === undefined ? [] : [new Heartbeat(database, record)]
  })
}

/** The live view has one line per failure; what to do about it comes below, in full. */
function reportFailures(io: Io, failures: readonly { readonly flow: string; readonly error: Error }[]): void {
  const debug = Boolean(io.env['LOCKSTEP_DEBUG'])
  for (const { flow, error } of failures) io.err(`\n${renderError(error, { paint: paint(io), debug, flow })}`)
}
