import type { LeaseTold, RunRecord } from '../../core/state.js'
import { type Column, columns } from './columns.js'
import { ago, count, labelled, nextRun, span, visible } from './format.js'
import type { Paint } from './paint.js'

/** What the state tables say about one flow of the config. */
export interface FlowStatus {
  readonly flow: string
  readonly kind: string
  /** `false`: it only reads its databases, and the config names no `state`, so nothing is known of it. */
  readonly kept: boolean
  /** Label of the database the record was read from. */
  readonly database: string | undefined
  /** `undefined`: it has never run. */
  readonly record: RunRecord | undefined
  /** Of all runs, when the state tables could be read: those that wait for a person, and those the flow tries again. */
  readonly deadLetters: number | undefined
  readonly held: number | undefined
  readonly conflicts: number | undefined
  /** Databases of the flow that could not be asked, and why. */
  readonly unreachable: readonly { readonly database: string; readonly reason: string }[]
}

/** A running process tells how it stands every second; after this long its silence is news. */
export const STALE_MS = 15_000

export function isStale(record: RunRecord, nowMs: number): boolean {
  const alive = record.state !== 'stopped' && record.state !== 'failed'
  return alive && nowMs - Date.parse(record.heartbeatAt) > STALE_MS
}

const HEADS: readonly Column[] = [
  { title: '' },
  { title: 'FLOW', cuttable: true },
  { title: 'STATE' },
  { title: 'HEARD', align: 'right' },
  { title: 'ROWS', align: 'right' },
  { title: 'LAG', align: 'right' },
  { title: 'RETRY', align: 'right' },
  { title: 'DEAD', align: 'right' },
  { title: 'CONFL', align: 'right' },
]

export interface StatusOptions {
  readonly nowMs: number
  readonly width: number
  readonly paint: Paint
}

export function renderStatus(statuses: readonly FlowStatus[], options: StatusOptions): string {
  const { paint, nowMs, width } = options
  // Most flows hold nothing, and there is little room.
  const held = statuses.some((status) => (status.held ?? 0) > 0)
  const heads = held ? HEADS.toSpliced(-1, 0, { title: 'HELD', align: 'right' }) : HEADS
  const rows = statuses.map((status) => {
    const { record } = status
    const { mark, word, colour } = stateOf(status, nowMs, paint)
    return [
      { text: mark, colour },
      { text: status.flow, colour: paint.bold },
      { text: word, colour },
      { text: record === undefined ? '-' : ago(nowMs - Date.parse(record.heartbeatAt)) },
      { text: record === undefined ? '-' : count(record.items) },
      { text: record?.lagMs === undefined ? '-' : span(record.lagMs) },
      { text: record === undefined ? '-' : count(record.retries) },
      { text: total(status.deadLetters, record?.deadLetters) },
      ...(held ? [{ text: total(status.held, undefined) }] : []),
      { text: total(status.conflicts, record?.conflicts) },
    ]
  })
  const [head = '', ...lines] = columns(heads, rows, { dim: paint.dim, width })
  return [head, ...statuses.flatMap((status, index) => [lines[index] ?? '', ...details(status, options)])].join('\n')
}

function total(stored: number | undefined, told: number | undefined): string {
  const value = stored ?? told
  return value === undefined ? '-' : count(value)
}

function stateOf(
  status: FlowStatus,
  nowMs: number,
  paint: Paint,
): { mark: string; word: string; colour: (text: string) => string } {
  const { record } = status
  if (!status.kept) return { mark: '-', word: 'not kept', colour: paint.dim }
  if (record === undefined) {
    return status.unreachable.length > 0
      ? { mark: '?', word: 'unknown', colour: paint.red }
      : { mark: '○', word: 'never run', colour: paint.dim }
  }
  if (isStale(record, nowMs)) return { mark: '?', word: 'stale', colour: paint.red }
  if (record.state === 'failed') return { mark: '✗', word: 'failed', colour: paint.red }
  if (record.state === 'stopped') return { mark: '■', word: 'stopped', colour: paint.dim }
  if (record.state === 'paused') return { mark: '‖', word: 'paused', colour: paint.yellow }
  if (record.state === 'scheduled') {
    return { mark: '◷', word: 'scheduled', colour: record.lastRun?.error === undefined ? paint.green : paint.red }
  }
  return { mark: '●', word: record.state, colour: record.state === 'running' ? paint.green : paint.yellow }
}

const NOT_KEPT = 'it only reads, so how it stands is kept where the config has a `state`, and this one has none'

function details(status: FlowStatus, { nowMs, paint }: StatusOptions): readonly string[] {
  // Not cut to the width, as the live view must: it is printed once, and the end of a reason may be what matters.
  const line = (text: string, colour: (text: string) => string): string => `   ${colour(visible(text))}`
  const { record } = status
  if (!status.kept) return [line(NOT_KEPT, paint.dim)]
  const lines = status.unreachable.map(({ database, reason }) => line(labelled(database, reason), paint.red))
  if (record === undefined) return lines
  if (isStale(record, nowMs)) {
    lines.push(line(`was ${record.state}, but nothing was heard since: the process is gone or cannot write`, paint.red))
  }
  // That of a run on a schedule is told below, with its time.
  if (record.lastError !== undefined && record.state !== 'scheduled') {
    const failed = record.state === 'failed'
    lines.push(line(failed ? record.lastError : `last error: ${record.lastError}`, failed ? paint.red : paint.yellow))
  }
  if (record.lastRun?.error !== undefined && record.state === 'scheduled') {
    lines.push(line(`failed ${ago(nowMs - Date.parse(record.lastRun.endedAt))}: ${record.lastRun.error}`, paint.red))
  }
  if (record.lease !== undefined && !isStale(record, nowMs)) lines.push(line(leaseText(record.lease, nowMs), paint.dim))
  if (record.nextRunAt !== undefined) lines.push(line(nextRun(Date.parse(record.nextRunAt), nowMs), paint.dim))
  if (record.lastVerdict !== undefined) {
    const { verdict, detail, at } = record.lastVerdict
    lines.push(
      line(`${verdict}, ${ago(nowMs - Date.parse(at))}: ${detail}`, verdict === 'same' ? paint.green : paint.yellow),
    )
  }
  return [...new Set(lines)]
}

function leaseText({ holder, epoch, since }: LeaseTold, nowMs: number): string {
  return `run by ${holder} since ${span(nowMs - Date.parse(since))}, epoch ${epoch}`
}
