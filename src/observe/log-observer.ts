import type { Logger } from 'pino'
import type { BatchEvent, FlowEvent } from '../core/observer.js'
import { batchesIn } from './each-batch.js'
import { eventName, FLOW_EVENTS } from './events/vocabulary.js'
import type { TimedObserver } from './fan-out.js'

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
 * Writes each fact once, as `flow.<name>` of the vocabulary. Batches, retries, dead letters and skipped items come in their
 * hundreds, so they are summed up in a `flow.progress` line at most every `progressMs`, written by the event that comes
 * after; only the first retry and the first dead letters of each code in that time have a line of their own. Each batch has
 * a line for those who log `debug`.
 */
export function logObserver(logger: Logger, options: LogOptions = {}): TimedObserver {
  const { progressMs = 10_000 } = options
  const flows = new Map<string, Progress>()
  const kinds = new Map<string, string>()
  const debug = logger.isLevelEnabled(FLOW_EVENTS.batch.level)

  return (event, now = Date.now()) => {
    let progress = flows.get(event.flow)
    if (progress === undefined || event.type === 'stopped' || now - progress.since >= progressMs) {
      if (progress !== undefined) report(logger, { flow: event.flow, progress, now })
      progress = begin(now)
      flows.set(event.flow, progress)
    }
    const first = count(progress, event)
    if (event.type === 'batch' && !debug) return
    if (event.type === 'started') kinds.set(event.flow, event.kind)
    if (first) write(logger, event, kinds.get(event.flow))
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
      progress.batches += batchesIn(event)
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
  readonly message: string
  readonly fields?: Readonly<Record<string, unknown>>
}

function write(logger: Logger, event: FlowEvent, kind: string | undefined): void {
  const name = eventName(event, kind)
  if (name === undefined || !FLOW_EVENTS[name].logged) return
  const { flow, requestId } = event
  const { message, fields } = lineOf(event)
  const of = requestId === undefined ? {} : { requestId }
  logger[FLOW_EVENTS[name].level]({ event: `flow.${name}`, flow, ...of, ...fields }, message)
}

function lineOf(event: FlowEvent): Line {
  switch (event.type) {
    case 'started':
      return { message: `${event.kind} started`, fields: { kind: event.kind } }
    case 'scheduled':
      return { message: `next run at ${event.nextAt}`, fields: { nextAt: event.nextAt } }
    case 'retry': {
      const { lane, attempt, delayMs, error } = event
      return { message: `trying again in ${delayMs} ms`, fields: { lane, attempt, delayMs, error } }
    }
    case 'health': {
      const { subject, healthy, reason } = event
      if (healthy) return { message: `${subject} works again`, fields: { subject, healthy } }
      return {
        message: `${subject} fails: ${without(subject, reason)}`,
        fields: { subject, healthy, reason },
      }
    }
    case 'dead-letters':
      return lettersLine(event)
    case 'conflicts': {
      const { count: conflicts, decision } = event
      return { message: `${conflicts} conflicts: ${decision}`, fields: { count: conflicts, decision } }
    }
    case 'verdict': {
      const { verdict, detail, figures } = event
      return { message: `${verdict}: ${detail}`, fields: { verdict, figures } }
    }
    case 'notice':
      return { message: event.message, fields: { code: event.code } }
    case 'stopped':
      return stoppedLine(event)
    case 'standby':
    case 'leading':
      return leaseLine(event)
    case 'caught-up':
    case 'draining':
    case 'paused':
      return { message: event.type }
    case 'published':
      return publishedLine(event)
    case 'batch':
      return batchLine(event)
    case 'checkpoint':
    case 'skipped':
      return { message: event.type }
  }
}

function publishedLine(event: FlowEvent & { readonly type: 'published' }): Line {
  const { feed, sequence, rows, files, bytes, detail } = event
  return { message: `published ${detail}`, fields: { feed, sequence, rows, files, bytes } }
}

function batchLine({ lane, items, durationMs, lagMs }: BatchEvent): Line {
  return { message: `${items} items`, fields: { lane, items, durationMs, lagMs } }
}

function leaseLine(event: FlowEvent & { readonly type: 'standby' | 'leading' }): Line {
  const { holder, epoch, since } = event.lease
  const fields = { holder, epoch, since }
  if (event.type === 'standby') {
    return { message: `standby: ${holder} runs it since ${since}, epoch ${epoch}`, fields }
  }
  if (event.from === undefined) return { message: `has the lease, epoch ${epoch}`, fields }
  return { message: `took over from ${event.from}, epoch ${epoch}`, fields: { ...fields, from: event.from } }
}

function lettersLine({ lane, count, code, reason, held = false }: FlowEvent & { readonly type: 'dead-letters' }): Line {
  const fate = held ? 'are held and will be tried again' : 'became dead letters'
  return { message: `${count} items ${fate}`, fields: { lane, count, code, reason } }
}

function stoppedLine({ exitCode, error }: FlowEvent & { readonly type: 'stopped' }): Line {
  if (error === undefined) return { message: 'stopped', fields: { exitCode } }
  return { message: `stopped: ${error.message}`, fields: { exitCode, error } }
}
