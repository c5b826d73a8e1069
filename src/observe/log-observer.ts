import type { Logger } from 'pino'
import type { FlowEvent, Observer } from '../core/observer.js'

export interface LogOptions {
  /** Between two `progress` lines of a flow, in ms. Default 10,000. */
  readonly progressMs?: number
}

/** What happened in a flow since its last `progress` line. */
interface Progress {
  since: number
  batches: number
  items: number
  busyMs: number
  maxLagMs: number | undefined
  retries: number
  /** Per code, so that a new kind of trouble has a line at once. */
  readonly deadLetters: Map<string, number>
  readonly skipped: Map<string, number>
  /** There are some that no line has told of. */
  untold: boolean
}

/**
 * Writes each fact once, as `event`: `flow.started`, `flow.scheduled`, `flow.progress`, `flow.retry`, `flow.health`, `flow.dead-letters`,
 * `flow.conflicts`, `flow.verdict`, `flow.notice`, `flow.caught-up`, `flow.draining`, `flow.paused`, `flow.stopped`. Batches, retries,
 * dead letters and skipped items come in their hundreds, so they are summed up in a `flow.progress` line at most every
 * `progressMs`, written by the event that comes after; only the first retry and the first dead letters of each code in
 * that time have a line of their own.
 */
export function logObserver(logger: Logger, options: LogOptions = {}): Observer {
  const { progressMs = 10_000 } = options
  const flows = new Map<string, Progress>()

  return (event) => {
    const now = Date.now()
    const progress = flows.get(event.flow) ?? begin(now)
    flows.set(event.flow, progress)
    if (event.type === 'stopped' || now - progress.since >= progressMs) {
      report(logger, { flow: event.flow, progress, now })
      flows.set(event.flow, begin(now))
    }
    const first = count(flows.get(event.flow) ?? progress, event)
    if (first) write(logger, event)
    if (event.type === 'stopped') flows.delete(event.flow)
  }
}

function begin(now: number): Progress {
  return {
    since: now,
    batches: 0,
    items: 0,
    busyMs: 0,
    maxLagMs: undefined,
    retries: 0,
    deadLetters: new Map(),
    skipped: new Map(),
    untold: false,
  }
}

/** Whether the event is the first of its kind in this progress. */
function count(progress: Progress, event: FlowEvent): boolean {
  switch (event.type) {
    case 'retry':
      return ++progress.retries === 1
    case 'dead-letters': {
      const first = add(progress.deadLetters, event.code, event.count)
      progress.untold ||= !first
      return first
    }
    case 'skipped':
      progress.untold = true
      return add(progress.skipped, event.reason, event.count)
    case 'batch':
      progress.batches++
      progress.items += event.items
      progress.busyMs += event.durationMs
      if (event.lagMs !== undefined) progress.maxLagMs = Math.max(progress.maxLagMs ?? 0, event.lagMs)
      return true
    default:
      return true
  }
}

function add(counts: Map<string, number>, name: string, count: number): boolean {
  const before = counts.get(name)
  counts.set(name, (before ?? 0) + count)
  return before === undefined
}

function report(logger: Logger, { flow, progress, now }: { flow: string; progress: Progress; now: number }): void {
  const { since, batches, items, maxLagMs, retries, busyMs, deadLetters, skipped } = progress
  if (batches === 0 && retries === 0 && !progress.untold) return
  const seconds = Math.max(now - since, 1) / 1_000
  const itemsPerSecond = Math.round(items / seconds)
  const fields = {
    event: 'flow.progress',
    flow,
    batches,
    items,
    itemsPerSecond,
    maxLagMs,
    busyMs,
    retries,
    seconds,
    ...(deadLetters.size === 0 ? {} : { deadLetters: Object.fromEntries(deadLetters) }),
    ...(skipped.size === 0 ? {} : { skipped: Object.fromEntries(skipped) }),
  }
  logger.info(fields, batches > 0 ? `${items} items in ${batches} batches` : `no batches; retries: ${retries}`)
}

/** Most errors of a database begin with its label, which the line has already named. */
function without(subject: string, reason: string | undefined): string {
  const text = reason ?? 'it does not work'
  return text.startsWith(`${subject}: `) ? text.slice(subject.length + 2) : text
}

interface Line {
  readonly level: 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields?: Readonly<Record<string, unknown>>
}

function write(logger: Logger, event: FlowEvent): void {
  const line = lineOf(event)
  if (line === undefined) return
  logger[line.level]({ event: `flow.${event.type}`, flow: event.flow, ...line.fields }, line.message)
}

function lineOf(event: FlowEvent): Line | undefined {
  switch (event.type) {
    case 'started':
      return { level: 'info', message: `${event.kind} started`, fields: { kind: event.kind } }
    case 'scheduled':
      return { level: 'info', message: `next run at ${event.nextAt}`, fields: { nextAt: event.nextAt } }
    case 'retry': {
      const { lane, attempt, delayMs, error } = event
      return { level: 'warn', message: `trying again in ${delayMs} ms`, fields: { lane, attempt, delayMs, error } }
    }
    case 'health': {
      const { subject, healthy, reason } = event
      if (healthy) return { level: 'info', message: `${subject} works again`, fields: { subject, healthy } }
      return {
        level: 'error',
        message: `${subject} fails: ${without(subject, reason)}`,
        fields: { subject, healthy, reason },
      }
    }
    case 'dead-letters':
      return lettersLine(event)
    case 'conflicts': {
      const { count: conflicts, decision } = event
      return { level: 'warn', message: `${conflicts} conflicts: ${decision}`, fields: { count: conflicts, decision } }
    }
    case 'verdict': {
      const { verdict, detail, figures } = event
      return {
        level: verdict === 'same' ? 'info' : 'warn',
        message: `${verdict}: ${detail}`,
        fields: { verdict, figures },
      }
    }
    case 'notice':
      return { level: event.level, message: event.message, fields: { code: event.code } }
    case 'stopped':
      return stoppedLine(event)
    case 'caught-up':
    case 'draining':
    case 'paused':
      return { level: 'info', message: event.type }
    case 'batch':
    case 'checkpoint':
    case 'skipped':
    // A notice says it, with what was left out.
    case 'published':
      return undefined
  }
}

function lettersLine({ lane, count, code, reason, held = false }: FlowEvent & { readonly type: 'dead-letters' }): Line {
  const fate = held ? 'are held and will be tried again' : 'became dead letters'
  return { level: 'warn', message: `${count} items ${fate}`, fields: { lane, count, code, reason } }
}

function stoppedLine({ exitCode, error }: FlowEvent & { readonly type: 'stopped' }): Line {
  if (error === undefined) return { level: 'info', message: 'stopped', fields: { exitCode } }
  return { level: 'error', message: `stopped: ${error.message}`, fields: { exitCode, error } }
}
