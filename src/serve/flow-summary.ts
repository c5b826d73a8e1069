import type { FlowAction, FlowCondition, FlowDetail, FlowState, FlowStored, FlowSummary } from '../client/wire/flow.js'
import type { Flow } from '../core/flow.js'
import type { FlowFigures } from '../observe/board/flow-figures.js'
import type { SeriesColumns } from '../observe/board/series.js'
import { type Desk, STALE_MS } from './desk.js'
import { alertPlaces, flowActions } from './flow-actions.js'

/** Of the overview: the last five minutes. */
const TREND_STEPS = 30

/** How a flow stands, for the overview. `stored`: what its stores hold, where that is known. */
export function flowSummary(desk: Desk, name: string, stored: FlowStored | null): FlowSummary {
  const flow = desk.flows.get(name)
  if (flow === undefined) throw new TypeError(`no flow ${name}`)
  const figures = desk.board.figures(name)
  const stale = isStale(figures, Date.now())
  const trend = trendOf(desk.board.series(name, 10_000, TREND_STEPS))
  return {
    ...identity(name, flow),
    ...figuresOf(figures),
    ...judge(figures, { stale, stored, kind: flow.kind }),
    stale,
    stored,
    trend,
    actions: flowActions(desk, { name, flow, figures, stale }) satisfies readonly FlowAction[],
  }
}

export function flowDetail(desk: Desk, name: string, stored: FlowStored | null): FlowDetail {
  const flow = desk.flows.get(name)
  const lag = desk.board.figures(name)?.lag
  return {
    ...flowSummary(desk, name, stored),
    lag: lag ?? null,
    lanes: desk.board.lanes(name).map(({ lane, items, batches, lagMs, lastBatchMs }) => ({
      lane,
      items,
      batches,
      lagMs: lagMs ?? null,
      lastBatchAt: new Date(lastBatchMs).toISOString(),
    })),
    alertsTo: flow === undefined ? [] : alertPlaces(desk, flow),
    tables: (flow?.tables ?? []).map(({ database, name: table }) => `${database.label} ${table}`),
  }
}

/** It was at work when last heard of, and that was long ago. */
export function isStale(figures: FlowFigures | undefined, nowMs: number): boolean {
  if (figures === undefined || figures.state === 'stopped' || figures.state === 'failed') return false
  return nowMs - Date.parse(figures.heardAt) > STALE_MS
}

function identity(name: string, flow: Flow): Pick<FlowSummary, 'name' | 'kind' | 'databases' | 'schedule'> {
  const { kind, databases, schedule } = flow
  return {
    name,
    kind,
    databases: [...new Set(databases.map(({ label }) => label))],
    schedule: schedule === undefined ? null : { cron: schedule.cron, timeZone: schedule.timeZone },
  }
}

type Figures = Omit<
  FlowSummary,
  keyof ReturnType<typeof identity> | 'condition' | 'reason' | 'stale' | 'stored' | 'trend' | 'actions'
>

function figuresOf(figures: FlowFigures | undefined): Figures {
  if (figures === undefined) return NEVER_RUN
  const { state, lastVerdict, lastNotice, lastError, lastRun } = figures
  return {
    state,
    startedAt: figures.startedAt,
    heardAt: figures.heardAt,
    items: figures.items,
    batches: figures.batches,
    itemsPerSecond: state === 'running' || state === 'draining' ? figures.itemsPerSecond : 0,
    lagMs: figures.lagMs ?? null,
    retries: figures.retries,
    deadLetters: figures.deadLetters,
    held: figures.held,
    skipped: figures.skipped,
    conflicts: figures.conflicts,
    caughtUp: figures.caughtUp,
    unhealthy: figures.unhealthy.map((each) => ({ ...each, reason: each.reason ?? null })),
    lastError:
      lastError === undefined ? null : { ...lastError, code: lastError.code ?? null, at: lastError.at ?? null },
    lastVerdict: lastVerdict ?? null,
    lastNotice: lastNotice ?? null,
    exitCode: figures.exitCode ?? null,
    nextRunAt: figures.nextRunAt ?? null,
    lastRun: lastRun === undefined ? null : { ...lastRun, error: lastRun.error ?? null },
    lease: figures.lease ?? null,
  }
}

const NEVER_RUN: Figures = {
  state: 'never-run' satisfies FlowState,
  startedAt: null,
  heardAt: null,
  items: 0,
  batches: 0,
  itemsPerSecond: 0,
  lagMs: null,
  retries: 0,
  deadLetters: 0,
  held: 0,
  skipped: 0,
  conflicts: 0,
  caughtUp: false,
  unhealthy: [],
  lastError: null,
  lastVerdict: null,
  lastNotice: null,
  exitCode: null,
  nextRunAt: null,
  lastRun: null,
  lease: null,
}

interface Seen {
  readonly stale: boolean
  readonly stored: FlowStored | null
  readonly kind: Flow['kind']
}

interface Judgement {
  readonly condition: FlowCondition
  readonly reason: string | null
}

/** What comes first counts. */
function judge(figures: FlowFigures | undefined, seen: Seen): Judgement {
  if (figures === undefined) return { condition: 'off', reason: null }
  const broken = brokenBy(figures, seen)
  if (broken !== undefined) return { condition: 'broken', reason: broken }
  const asks = asksFor(figures, seen)
  if (asks !== undefined) return { condition: 'attention', reason: asks }
  if (figures.state === 'paused') return { condition: 'off', reason: null }
  // A check that has ended well is what it is for.
  const ended = figures.state === 'stopped' && figures.lastVerdict?.verdict !== 'same'
  return { condition: ended ? 'off' : 'ok', reason: null }
}

function brokenBy(figures: FlowFigures, { stale }: Seen): string | undefined {
  const { state, unhealthy, lastError, lastRun } = figures
  if (stale) return 'nothing is heard of its process: it is gone, or cannot write to its state tables'
  if (state === 'failed') return firstLine(lastError?.message) ?? 'it has failed'
  const [first] = unhealthy
  if (first !== undefined) return first.reason ?? `${first.subject} does not work`
  if (state === 'scheduled' && lastRun?.error !== undefined) return `its last run failed: ${firstLine(lastRun.error)}`
  return undefined
}

function asksFor({ lastVerdict }: FlowFigures, { stored }: Seen): string | undefined {
  if (lastVerdict !== undefined && lastVerdict.verdict !== 'same') {
    return `${lastVerdict.verdict}: ${lastVerdict.detail}`
  }
  if (stored !== null && stored.deadLetters > 0) return waiting(stored.deadLetters, 'dead letter')
  if (stored !== null && stored.conflicts > 0) return waiting(stored.conflicts, 'conflict')
  return undefined
}

function waiting(count: number, what: string): string {
  return count === 1 ? `1 ${what} waits for a person` : `${count} ${what}s wait for a person`
}

function firstLine(text: string | undefined): string | undefined {
  return text?.split('\n')[0]
}

function trendOf({ stepMs, fromMs, items, lagMs }: SeriesColumns): FlowSummary['trend'] {
  return { stepMs, from: new Date(fromMs).toISOString(), items, lagMs }
}
