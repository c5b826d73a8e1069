import type { Config } from '../../config/define-config.js'
import { type NamedFlow, selectFlows } from '../../config/select-flows.js'
import type { Difference } from '../../core/difference.js'
import { ConfigError, EXIT, type ExitCode } from '../../core/errors.js'
import type {
  CheckOptions,
  CheckReport,
  ReferenceFinding,
  ReferencesReport,
  Sample,
  TablesReport,
} from '../../core/flow.js'
import type { Observer } from '../../core/observer.js'
import type { StateStore } from '../../core/state.js'
import { openQueue } from '../../worker/open-queue.js'
import { CheckAlerts } from '../check/check-alerts.js'
import { findingsWriter, type ReportFormat } from '../check/findings-writer.js'
import { progressScreen } from '../check/progress-screen.js'
import { ReportFile } from '../check/report-file.js'
import { VERDICT_EXIT } from '../exit-codes.js'
import type { Io } from '../io.js'
import { toJson } from '../json.js'
import { withConfig } from '../open-config.js'
import type { FindingsWriter } from '../render/check-lines.js'
import { renderCheck } from '../render/check-report.js'
import { renderDifferences } from '../render/difference-rows.js'
import { count, plural } from '../render/format.js'
import { paint } from '../render/paint.js'
import { renderFindings, renderReferences } from '../render/references-report.js'
import { renderRepair } from '../render/repair-report.js'
import { type RepairArguments, RepairSession } from '../repair/repair-session.js'
import { historyState } from '../run/history-state.js'
import { openLog } from '../run/open-log.js'
import { listenForSignals, type Signals } from '../signals.js'
import { sweepBesideCheck } from '../small-heap.js'

export interface CheckArguments {
  readonly flow: string
  readonly config?: string
  readonly json: boolean
  readonly moreInfo: boolean
  /** Differences to show with `moreInfo`; the rest is counted. */
  readonly limit: number
  readonly settleMs?: number
  readonly sample?: Sample
  readonly repair?: RepairArguments
  /** Go on with a run that was interrupted. */
  readonly resume: boolean
  /** Tell how far it is also where there is no terminal. */
  readonly progress: boolean
  /** Tell people of what is found, as the config says. */
  readonly alert: boolean
  /** Written while it runs, in place of the summary for people. */
  readonly format?: ReportFormat
  /** Where the report goes, if not to stdout; without `repair`. */
  readonly output?: string
}

/** Compares the two sides of a flow, and repairs one where that is asked for. */
export async function check(io: Io, args: CheckArguments): Promise<ExitCode> {
  return withConfig(io, args.config, async (config) => {
    const [flow] = selectFlows(config, [args.flow])
    using signals = listenForSignals()
    using _swept = sweepBesideCheck()
    await using repair = args.repair && (await RepairSession.open(io, args.repair))
    await using file =
      args.repair === undefined && args.output !== undefined ? new ReportFile(io.cwd, args.output) : undefined
    const reader: Io = file === undefined ? io : { ...io, isTty: false, out: file.line }
    const state = await historyState(config, io.err)
    const writer = args.format && (await findingsWriter(args.format, { ...args, state, write: reader.out }))
    using screen = progressScreen(io, {
      flow: args.flow,
      lines: args.progress,
      shared: repair !== undefined || (writer !== undefined && reader.isTty),
    })
    const seen = new Seen(args, writer)
    const options: CheckOptions = {
      ...seen.options,
      ...(screen.listener === undefined ? {} : { progress: screen.listener }),
      ...(repair === undefined ? {} : { repair: repair.options }),
    }
    await using alerts = checkAlerts(config, flow, { signals, write: io.err, on: args.alert })
    const compared = { flow, signals, options, state, observer: alerts?.observer }
    const report = await (alerts?.around(() => compare(screen.err, compared)) ?? compare(screen.err, compared))
    screen[Symbol.dispose]()
    if (writer !== undefined) writer.end(report)
    else if (repair === undefined) tell(reader, args, report, seen)
    else await tellRepair(io, args, report, repair)
    await file?.keep()
    return signals.shutdown.state === 'aborting' ? EXIT.aborted : VERDICT_EXIT[report.verdict]
  })
}

/** What is found, as far as it is shown. */
class Seen {
  readonly differences: Difference[] = []
  readonly findings: ReferenceFinding[] = []
  found = 0
  readonly #args: CheckArguments
  readonly #writer: FindingsWriter | undefined

  constructor(args: CheckArguments, writer: FindingsWriter | undefined) {
    this.#args = args
    this.#writer = writer
  }

  get options(): CheckOptions {
    const { resume, sample, settleMs, moreInfo, limit } = this.#args
    return {
      ...(resume ? { resume: true } : {}),
      ...(sample === undefined ? {} : { sample }),
      ...(settleMs === undefined ? {} : { settleMs }),
      begun: (schemas) => this.#writer?.begin(schemas),
      difference: (difference) => {
        this.found += 1
        this.#writer?.difference(difference)
        if (moreInfo && this.differences.length < limit) this.differences.push(difference)
      },
      finding: (finding) => {
        this.found += 1
        this.#writer?.finding(finding)
        if (moreInfo && this.findings.length < limit) this.findings.push(finding)
      },
      ...(moreInfo ? { details: { findings: limit, rows: ROWS_OF_A_KEY } } : {}),
    }
  }
}

function tell(io: Io, args: CheckArguments, report: CheckReport, { differences, findings, found }: Seen): void {
  if (args.json) io.out(json(args, report, report.kind === 'references' ? { findings } : { differences }))
  else if (report.kind === 'references') io.out(references(io, args, { report, shown: findings, found }))
  else io.out(text(io, args, { report, shown: differences, found }))
}

async function tellRepair(io: Io, args: CheckArguments, report: CheckReport, repair: RepairSession): Promise<void> {
  await repair.end()
  const summary = args.json ? json(args, report, {}) : summaryOf(io, args.flow, report)
  if (repair.usesStdout) io.err(summary)
  else io.out(summary)
  repair.checkConfirmed(report.repair)
}

function summaryOf(io: Io, flow: string, report: CheckReport): string {
  const colours = paint(io)
  const summary =
    report.kind === 'tables' ? renderCheck(flow, report, colours) : renderReferences(flow, report, colours)
  return report.repair === undefined ? summary : `${summary}\n\n${renderRepair(report.repair)}`
}

interface Comparison {
  readonly flow: NamedFlow | undefined
  readonly signals: Signals
  readonly options: CheckOptions
  readonly state: StateStore | undefined
  readonly observer: Observer | undefined
}

/** `undefined`: nobody is to be told, or there is nothing that could be compared. */
function checkAlerts(
  config: Config,
  flow: NamedFlow | undefined,
  { signals, write, on }: { readonly signals: Signals; readonly write: (line: string) => void; readonly on: boolean },
): CheckAlerts | undefined {
  if (!on || flow?.flow.check === undefined) return undefined
  const leaving = (): boolean => signals.shutdown.state !== 'running'
  return new CheckAlerts(config, flow, { tell: openLog({ level: 'warn', write }), leaving })
}

async function compare(
  write: (line: string) => void,
  { flow: named, signals, options, state, observer: alerts }: Comparison,
): Promise<CheckReport> {
  if (named?.flow.check === undefined) throw nothingToCompare(named?.name ?? '')
  const { name } = named
  const { drain, abort } = signals.shutdown
  // One side may still be trying to connect when the other has failed.
  const over = new AbortController()
  const log = openLog({ level: 'warn', write })
  const observer: Observer = (event) => {
    if (over.signal.aborted) return
    log(event)
    alerts?.(event)
  }
  try {
    await using queue = openQueue(named.flow)
    const context = { name, observer, drain, abort: AbortSignal.any([abort, over.signal]), untilCaughtUp: true }
    const places = { ...(state === undefined ? {} : { state }), ...(queue === undefined ? {} : { queue }) }
    return await named.flow.check({ ...context, ...places }, options)
  } finally {
    over.abort()
  }
}

function json(args: CheckArguments, report: CheckReport, found: Readonly<Record<string, readonly unknown[]>>): string {
  return toJson({ flow: args.flow, ...report, ...(args.moreInfo ? found : {}) })
}

interface Findings<Report, Shown> {
  readonly report: Report
  readonly shown: readonly Shown[]
  readonly found: number
}

/** With `--more-info`: rows shown of each column that refers to a key. */
const ROWS_OF_A_KEY = 5

function text(io: Io, args: CheckArguments, { report, shown, found }: Findings<TablesReport, Difference>): string {
  const colours = paint(io)
  const summary = renderCheck(args.flow, report, colours)
  if (report.verdict === 'different' && !args.moreInfo) {
    return `${summary}\n\n  ${colours.dim(`see the rows: lockstep check ${args.flow} --more-info`)}`
  }
  if (shown.length === 0) return summary
  const rows = renderDifferences(shown, {
    columns: report.columns,
    keyColumns: report.keyColumns,
    width: io.width,
    paint: colours,
  })
  return `${rows}${rest(found - shown.length, found)}\n\n${summary}`
}

function references(
  io: Io,
  args: CheckArguments,
  { report, shown, found }: Findings<ReferencesReport, ReferenceFinding>,
): string {
  const colours = paint(io)
  const summary = renderReferences(args.flow, report, colours)
  if (report.verdict === 'different' && !args.moreInfo) {
    return `${summary}\n\n  ${colours.dim(`see the keys: lockstep check ${args.flow} --more-info`)}`
  }
  if (shown.length === 0) return summary
  return `${renderFindings(shown, { of: report.of, width: io.width, paint: colours })}${rest(found - shown.length, found)}\n\n${summary}`
}

function rest(left: number, found: number): string {
  if (left <= 0) return ''
  return `\n\n... and ${plural(left, 'more difference')} (--limit ${count(found).replaceAll(',', '')} shows all)`
}

function nothingToCompare(flow: string): ConfigError {
  return new ConfigError({
    code: 'flow-not-comparable',
    key: `flows.${flow}`,
    message: 'this flow has no two sides that could be compared',
    fix: 'name a `sync` or `check` flow',
  })
}
