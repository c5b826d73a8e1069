import type { Config } from '../../config/define-config.js'
import { type NamedFlow, selectFlows } from '../../config/select-flows.js'
import type { Database } from '../../core/database.js'
import { ConfigError, EXIT, type ExitCode } from '../../core/errors.js'
import { scrub } from '../../core/secret.js'
import type { RunRecord } from '../../core/state.js'
import type { Io } from '../io.js'
import { toJson } from '../json.js'
import { statePlacesOf, withConfig } from '../open-config.js'
import { paint } from '../render/paint.js'
import { type FlowStatus, isStale, renderStatus } from '../render/status-view.js'
import { within } from '../within.js'

const DEADLINE_MS = 10_000

export interface StatusArguments {
  readonly flows: readonly string[]
  readonly config?: string
  readonly json: boolean
}

/** Says how the flows stand, from what their processes wrote to the state tables. */
export async function status(io: Io, args: StatusArguments): Promise<ExitCode> {
  return withConfig(io, args.config, async (config) => {
    const flows = selectFlows(config, args.flows)
    const statuses = await Promise.all(flows.map((flow) => statusOf(config, flow)))
    const nowMs = Date.now()
    io.out(args.json ? json(statuses, nowMs) : renderStatus(statuses, { nowMs, width: io.width, paint: paint(io) }))
    return statuses.some(({ unreachable }) => unreachable.length > 0) ? EXIT.unavailable : EXIT.ok
  })
}

interface Told {
  readonly database: string
  readonly record: RunRecord | undefined
  readonly deadLetters: number
  readonly held: number
  readonly conflicts: number
}

type Answer = Told | { readonly database: string; readonly reason: string }

async function statusOf(config: Config, named: NamedFlow): Promise<FlowStatus> {
  const { name, flow } = named
  const databases = statePlacesOf(config, named)
  const answers = await Promise.all(databases.map((database) => ask(name, database)))
  const told = answers.filter((answer): answer is Told => 'record' in answer)
  const newest = told
    .filter(({ record }) => record !== undefined)
    .sort((a, b) => Date.parse(b.record?.heartbeatAt ?? '') - Date.parse(a.record?.heartbeatAt ?? ''))[0]
  const complete = told.length === answers.length && told.length > 0
  return {
    flow: name,
    kind: flow.kind,
    kept: databases.length > 0,
    database: newest?.database,
    record: newest?.record,
    deadLetters: complete ? sum(told.map(({ deadLetters }) => deadLetters)) : undefined,
    held: complete ? sum(told.map(({ held }) => held)) : undefined,
    conflicts: complete ? sum(told.map(({ conflicts }) => conflicts)) : undefined,
    unreachable: answers.filter((answer) => 'reason' in answer),
  }
}

async function ask(flow: string, database: Database): Promise<Answer> {
  const { state, label } = database
  try {
    const [records, deadLetters, held, conflicts] = await within(DEADLINE_MS, label, () =>
      Promise.all([
        state.runs.latest(flow),
        state.deadLetters.count(flow, ['dead']),
        state.deadLetters.count(flow, ['held']),
        state.conflicts.count(flow),
      ]),
    )
    return { database: label, record: records[0], deadLetters, held, conflicts }
  } catch (error) {
    if (hasNoState(error)) return { database: label, record: undefined, deadLetters: 0, held: 0, conflicts: 0 }
    return { database: label, reason: reasonOf(error) }
  }
}

/** The state tables are made by the first run. */
function hasNoState(error: unknown): boolean {
  return error instanceof ConfigError && error.code === 'table-missing'
}

/** The fix of a `ConfigError` is on a line of its own. */
function reasonOf(error: unknown): string {
  const [reason = ''] = scrub(error instanceof Error ? error.message : String(error)).split('\n')
  return reason
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function json(statuses: readonly FlowStatus[], nowMs: number): string {
  const flows = statuses.map((status) => ({
    ...status,
    stale: status.record === undefined ? undefined : isStale(status.record, nowMs),
    heartbeatAgeMs: status.record === undefined ? undefined : nowMs - Date.parse(status.record.heartbeatAt),
  }))
  return toJson({ flows })
}
