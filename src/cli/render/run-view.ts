import type { Cell, Column } from './columns.js'
import { columns } from './columns.js'
import { ago, clock, count, cut, labelled, nextRun, plural, span, sparkline, visible } from './format.js'
import type { Paint } from './paint.js'

/** How a flow stands at one moment, as the live view shows it. */
export interface FlowView {
  readonly name: string
  readonly state: 'starting' | 'running' | 'standby' | 'scheduled' | 'draining' | 'paused' | 'stopped' | 'failed'
  readonly items: number
  /** Over the last seconds. */
  readonly itemsPerSecond: number
  /** Items of each of the last seconds, oldest first. */
  readonly history: readonly number[]
  readonly lagP50Ms: number | undefined
  readonly lagP99Ms: number | undefined
  readonly retries: number
  readonly deadLetters: number
  readonly conflicts: number
  /** Items left out on purpose. */
  readonly skipped: number
  /** What is red and why; empty: all is well. */
  readonly unhealthy: readonly { readonly subject: string; readonly reason: string; readonly sinceMs: number }[]
  readonly verdict: { readonly verdict: string; readonly detail: string; readonly atMs: number } | undefined
  /** Why it failed, or, while it waits for its next run, the last one. */
  readonly error: string | undefined
  /** Who runs it, while this instance waits. */
  readonly standbyOf?: string | undefined
  /** Of a flow with a schedule that waits: when it runs again, and when the run before ended. */
  readonly next?: { readonly atMs: number; readonly lastEndedMs: number | undefined } | undefined
}

export interface Notice {
  readonly atMs: number
  readonly level: 'info' | 'warn'
  readonly flow: string
  readonly text: string
}

export interface RunView {
  readonly startedMs: number
  readonly nowMs: number
  readonly flows: readonly FlowView[]
  /** Oldest first; the last few are shown. */
  readonly notices: readonly Notice[]
  readonly stopping: 'no' | 'draining' | 'aborting' | 'done'
}

export interface ViewOptions {
  readonly width: number
  readonly paint: Paint
}

const NOTICES = 5
const HEADS: readonly Column[] = [
  { title: '' },
  { title: 'FLOW', cuttable: true },
  { title: 'STATE' },
  { title: 'ROWS', align: 'right' },
  { title: 'ROWS/S', align: 'right' },
  { title: 'LAG P50', align: 'right' },
  { title: 'P99', align: 'right' },
  { title: 'RETRY', align: 'right' },
  { title: 'DEAD', align: 'right' },
  { title: 'CONFL', align: 'right' },
]
/** From this width on there is room for the rate's history. */
const WIDE = 112

/** The live view of `lockstep run`, without a line end after the last line. */
export function renderRun(view: RunView, options: ViewOptions): string {
  const { paint, width } = options
  const wide = width >= WIDE
  const heads = wide ? [...HEADS, { title: 'LAST 20 S' }] : HEADS
  const [head = '', ...rows] = columns(
    heads,
    view.flows.map((flow) => cells(flow, paint, wide)),
    { dim: paint.dim, width },
  )
  const flows = view.flows.flatMap((flow, index) => [rows[index] ?? '', ...details(flow, view.nowMs, options)])
  return [title(view, options), '', head, ...flows, ...notices(view, options)].join('\n')
}

function title(view: RunView, { width, paint }: ViewOptions): string {
  const left = `lockstep run · ${plural(view.flows.length, 'flow')} · up ${span(view.nowMs - view.startedMs)}`
  const right = {
    no: 'Ctrl-C to finish and stop',
    draining: 'finishing · Ctrl-C again to stop at once',
    aborting: 'stopping at once',
    done: 'stopped',
  }[view.stopping]
  const gap = Math.max(2, width - left.length - right.length)
  return `${paint.bold(left)}${' '.repeat(gap)}${paint.dim(right)}`
}

function cells(flow: FlowView, paint: Paint, wide: boolean): readonly Cell[] {
  const { mark, word, colour } = stateOf(flow, paint)
  const trouble = (value: number, painted: (text: string) => string): Cell =>
    value > 0 ? { text: count(value), colour: painted } : { text: '0', colour: paint.dim }
  const row: Cell[] = [
    { text: mark, colour },
    { text: flow.name, colour: paint.bold },
    { text: word, colour },
    { text: count(flow.items) },
    { text: count(flow.itemsPerSecond) },
    { text: lag(flow.lagP50Ms) },
    { text: lag(flow.lagP99Ms) },
    trouble(flow.retries, paint.yellow),
    trouble(flow.deadLetters, paint.red),
    trouble(flow.conflicts, paint.yellow),
  ]
  return wide ? [...row, { text: sparkline(flow.history.slice(-20)), colour: paint.cyan }] : row
}

function lag(ms: number | undefined): string {
  return ms === undefined ? '-' : span(ms)
}

/** The mark differs as well as the colour, for those who see none. */
function stateOf(flow: FlowView, paint: Paint): { mark: string; word: string; colour: (text: string) => string } {
  if (flow.state === 'failed') return { mark: '✗', word: 'failed', colour: paint.red }
  if (flow.state === 'stopped') return { mark: '■', word: 'stopped', colour: paint.dim }
  if (flow.state === 'paused') return { mark: '‖', word: 'paused', colour: paint.yellow }
  if (flow.state === 'standby') return { mark: '◍', word: 'standby', colour: paint.green }
  if (flow.state === 'scheduled') {
    return { mark: '◷', word: 'scheduled', colour: flow.error === undefined ? paint.green : paint.red }
  }
  if (flow.unhealthy.length > 0) return { mark: '!', word: 'waiting', colour: paint.red }
  if (flow.state === 'draining') return { mark: '◌', word: 'draining', colour: paint.yellow }
  if (flow.state === 'starting') return { mark: '○', word: 'starting', colour: paint.yellow }
  return { mark: '●', word: 'running', colour: paint.green }
}

function details(flow: FlowView, nowMs: number, { width, paint }: ViewOptions): readonly string[] {
  const line = (text: string, colour: (text: string) => string): string => `   ${colour(cut(visible(text), width - 3))}`
  const lines = flow.unhealthy.map(({ subject, reason, sinceMs }) =>
    line(`${labelled(subject, reason)} (${span(nowMs - sinceMs)})`, paint.red),
  )
  if (flow.error !== undefined) {
    const failed = flow.next?.lastEndedMs
    lines.push(line(failed === undefined ? flow.error : `failed ${ago(nowMs - failed)}: ${flow.error}`, paint.red))
  }
  if (flow.standbyOf !== undefined) lines.push(line(`${flow.standbyOf} runs it`, paint.dim))
  if (flow.next !== undefined) lines.push(line(nextRun(flow.next.atMs, nowMs), paint.dim))
  if (flow.verdict !== undefined) {
    const { verdict, detail, atMs } = flow.verdict
    const colour = verdict === 'same' ? paint.green : paint.yellow
    lines.push(line(`${verdict}, ${ago(nowMs - atMs)}: ${detail}`, colour))
  }
  if (flow.skipped > 0) lines.push(line(`${plural(flow.skipped, 'item')} skipped`, paint.dim))
  return lines
}

function notices(view: RunView, { width, paint }: ViewOptions): readonly string[] {
  const shown = view.notices.slice(-NOTICES)
  if (shown.length === 0) return []
  return [
    '',
    ...shown.map((notice) => {
      const text = cut(visible(`${notice.flow}: ${notice.text}`), width - 10)
      return `${paint.dim(clock(notice.atMs))}  ${notice.level === 'warn' ? paint.yellow(text) : text}`
    }),
  ]
}
