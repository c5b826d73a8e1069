import { type NamedFlow, selectFlows } from '../../config/select-flows.js'
import { LETTER_STATES, type LetterFilter } from '../../core/dead-letter.js'
import { ConfigError, EXIT, type ExitCode } from '../../core/errors.js'
import type { Flow, ReplayReport } from '../../core/flow.js'
import type { Observer } from '../../core/observer.js'
import type { Io } from '../io.js'
import { toJson } from '../json.js'
import { type Choice, chosenLetters } from '../letters/chosen-letters.js'
import { storesOf } from '../letters/letters-of.js'
import { withConfig } from '../open-config.js'
import { plural } from '../render/format.js'
import { type Paint, paint } from '../render/paint.js'
import { logLevelOf } from '../run/log-level.js'
import { openLog } from '../run/open-log.js'
import { listenForSignals } from '../signals.js'

export interface ReplayArguments extends Choice {
  readonly flow: string
  readonly config?: string
  readonly json: boolean
  readonly logLevel?: string
}

/** Sends letters through the whole flow again. Its log goes to stderr. */
export async function replayLetters(io: Io, args: ReplayArguments): Promise<ExitCode> {
  return withConfig(io, args.config, async (config) => {
    const [flow] = selectFlows(config, [args.flow])
    if (flow === undefined) return EXIT.ok
    if (storesOf(flow).length > 0 && flow.flow.replay === undefined) throw notReplayable(flow.name, flow.flow)
    // An id says what is meant, in whatever state it is.
    const state = args.state ?? (args.ids.length > 0 ? LETTER_STATES : undefined)
    const filter = await chosenLetters(flow, { ...args, ...(state === undefined ? {} : { state }) })
    using signals = listenForSignals()
    const observer = openLog({ level: logLevelOf(args.logLevel, io.env, config), write: io.err })
    const { drain, abort } = signals.shutdown
    const report = await replay(flow, filter, { observer, drain, abort })
    io.out(args.json ? toJson({ flow: flow.name, ...report }) : text(flow.name, report, paint(io)))
    if (abort.aborted) return EXIT.aborted
    return report.failed > 0 ? EXIT.data : EXIT.ok
  })
}

interface Signals {
  readonly observer: Observer
  readonly drain: AbortSignal
  readonly abort: AbortSignal
}

async function replay(named: NamedFlow, filter: LetterFilter, signals: Signals): Promise<ReplayReport> {
  const { name, flow } = named
  if (flow.replay === undefined) throw notReplayable(name, flow)
  // Parts of a flow that has failed may still be at work; they must not outlive it.
  const over = new AbortController()
  try {
    const abort = AbortSignal.any([signals.abort, over.signal])
    return await flow.replay(filter, { name, ...signals, abort, untilCaughtUp: true })
  } finally {
    over.abort()
  }
}

function text(flow: string, { letters, replayed, failed }: ReplayReport, colours: Paint): string {
  if (letters === 0) return `${flow}: no dead letters to replay`
  const again = `${plural(failed, 'letter')} failed again: lockstep dead-letters list ${flow}`
  const stored = `${flow}: ${replayed.toLocaleString('en-US')} of ${plural(letters, 'dead letter')} replayed`
  return failed > 0 ? `${colours.yellow(stored)}; ${again}` : colours.green(stored)
}

function notReplayable(name: string, { kind }: Flow): ConfigError {
  const rows = kind === 'sync'
  return new ConfigError({
    code: 'letters-not-replayable',
    key: `flows.${name}`,
    message: rows
      ? 'dead letters of a sync flow are not replayed: its comparison brings over the rows they stand for'
      : `a ${kind} flow cannot replay dead letters`,
    fix: rows
      ? `correct what refuses the rows, let \`lockstep run ${name}\` compare, then \`lockstep dead-letters discard ${name}\``
      : 'name an `ingest` flow',
  })
}
