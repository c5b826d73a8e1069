import type { Config } from '../../config/define-config.js'
import { selectFlows } from '../../config/select-flows.js'
import type { CheckRun, CheckStore, FindingPage, StoredFinding } from '../../core/check-store.js'
import { ConfigError, EXIT, type ExitCode } from '../../core/errors.js'
import type { Io } from '../io.js'
import { toJson } from '../json.js'
import { withConfig } from '../open-config.js'
import { renderRunSheet } from '../render/check-run-sheet.js'
import { renderRuns } from '../render/check-runs.js'
import { paint } from '../render/paint.js'
import { within } from '../within.js'

const DEADLINE_MS = 30_000

export interface HistoryArguments {
  /** Default: runs of all flows, also of those that are no longer in the config. */
  readonly flow?: string
  readonly limit: number
  readonly config?: string
  readonly json: boolean
}

/** Lists runs of checks, newest first. */
export async function checkHistory(io: Io, args: HistoryArguments): Promise<ExitCode> {
  return withConfig(io, args.config, async (config) => {
    if (args.flow !== undefined) selectFlows(config, [args.flow])
    const page = { limit: args.limit + 1, ...(args.flow === undefined ? {} : { flow: args.flow }) }
    const found = await asked(config, (checks) => checks.list(page))
    const runs = found.slice(0, args.limit)
    const more = found.length > runs.length
    io.out(args.json ? toJson({ runs, more }) : table(io, runs, more ? args.limit : undefined))
    return EXIT.ok
  })
}

export interface ShowRunArguments {
  readonly run: string
  /** Findings to show, and the number of the one before them. */
  readonly limit: number
  readonly after: number
  readonly config?: string
  readonly json: boolean
}

/** Shows what is kept of one run. */
export async function showCheck(io: Io, args: ShowRunArguments): Promise<ExitCode> {
  return withConfig(io, args.config, async (config) => {
    const run = await asked(config, (checks) => checks.get(args.run))
    if (run === undefined) throw unknownRun(args.run)
    const page: FindingPage = { limit: args.limit + 1, after: args.after }
    const found = await asked(config, (checks) => checks.findings(args.run, page))
    const findings = found.slice(0, args.limit)
    const more = found.length > findings.length
    io.out(args.json ? toJson({ run, findings, more }) : sheet(io, { run, findings, more }))
    return EXIT.ok
  })
}

function table(io: Io, runs: readonly CheckRun[], cutAt: number | undefined): string {
  const colours = paint(io)
  if (runs.length === 0) return 'no run of a check is kept yet'
  const lines = renderRuns(runs, { nowMs: Date.now(), width: io.width, paint: colours })
  if (cutAt === undefined) return lines
  return `${lines}\n\n${colours.dim(`... and more (--limit ${Math.max(1, cutAt) * 10} shows ten times as many)`)}`
}

interface Shown {
  readonly run: CheckRun
  readonly findings: readonly StoredFinding[]
  readonly more: boolean
}

function sheet(io: Io, { run, findings, more }: Shown): string {
  const colours = paint(io)
  const lines = renderRunSheet(run, findings, { width: io.width, paint: colours })
  const last = findings.at(-1)
  if (!more || last === undefined) return lines
  return `${lines}\n\n${colours.dim(`... and more: lockstep check show ${run.id} --after ${last.number}`)}`
}

function asked<Answer>({ state }: Config, ask: (checks: CheckStore) => Promise<Answer>): Promise<Answer> {
  if (state === undefined) throw noHistory()
  return within(DEADLINE_MS, state.label, () => ask(state.state.checks))
}

function noHistory(): ConfigError {
  return new ConfigError({
    code: 'history-missing',
    key: 'state',
    message: 'the config names no database for state, so no runs of checks are kept',
    fix: "name one: state: postgres(env('STATE_URL')), or sqlite('lockstep.db')",
  })
}

function unknownRun(id: string): ConfigError {
  return new ConfigError({
    code: 'run-unknown',
    key: id,
    message: 'no run of this id is kept',
    fix: 'lockstep check history lists them; the oldest are forgotten (history: { keepRuns })',
  })
}
