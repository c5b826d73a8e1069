import type { FlowEvent } from '../../core/observer.js'
import { scrub } from '../../core/secret.js'

/** Something of a flow that is worth a line. Equal ones that follow each other are one, counted. */
export interface Happening {
  /** Grows with each that is new, over all flows. */
  readonly sequence: number
  readonly flow: string
  /** A name of the vocabulary: `started`, `failed`, `unavailable`, ... */
  readonly type: string
  readonly level: 'info' | 'warn' | 'error'
  /** ISO 8601, UTC; of the first and of the last one that it stands for. */
  readonly at: string
  readonly lastAt: string
  /** Without row values and credentials. */
  readonly message: string
  readonly code: string | undefined
  readonly lane: string | undefined
  /** How many it stands for. */
  readonly times: number
}

export type Told = Pick<Happening, 'message' | 'code' | 'lane'>

/** What tells one kind of trouble from another: cheap, as it is made for each event. `undefined`: not worth a line. */
export function kindOf(event: FlowEvent): string | undefined {
  switch (event.type) {
    case 'batch':
    case 'checkpoint':
      return undefined
    case 'published':
      return `published ${event.sequence}`
    case 'retry':
      return `retry ${event.lane} ${event.error.name}`
    case 'dead-letters':
      return `dead-letters ${event.held === true} ${event.code}`
    case 'skipped':
      return `skipped ${event.reason}`
    case 'conflicts':
      return `conflicts ${event.decision}`
    case 'health':
      return `health ${event.subject} ${event.healthy}`
    case 'notice':
      return `notice ${event.code} ${event.message}`
    default:
      return event.type
  }
}

/** The line of an event. */
export function told(event: FlowEvent): Told {
  const { message, code, lane } = lineOf(event)
  return { message: short(scrub(message)), code, lane }
}

/** A thousand of them are remembered, for the page and for clients that were away. */
const MAX_CHARACTERS = 2_000

function short(text: string): string {
  return text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS)}…`
}

interface Line {
  readonly message: string
  readonly code?: string | undefined
  readonly lane?: string
}

function lineOf(event: FlowEvent): Line {
  switch (event.type) {
    case 'started':
      return { message: `${event.kind} started` }
    case 'scheduled':
      return { message: `next run at ${event.nextAt}` }
    case 'retry':
      return { message: firstLine(event.error.message), code: codeOf(event.error), lane: event.lane }
    case 'health':
      if (event.healthy) return { message: `${event.subject} works again` }
      return { message: firstLine(event.reason ?? `${event.subject} does not work`) }
    case 'dead-letters': {
      const { code, lane, reason } = event
      return { message: `${event.held ? 'held' : 'dead letters'}: ${firstLine(reason)}`, code, lane }
    }
    case 'skipped':
      return { message: `left out: ${event.reason}`, code: event.reason, lane: event.lane }
    case 'conflicts':
      return { message: `conflicts: ${event.decision}` }
    case 'verdict':
      return { message: `${event.verdict}: ${event.detail}` }
    case 'notice':
      return { message: firstLine(event.message), code: event.code }
    case 'stopped':
      if (event.error === undefined) return { message: `stopped with exit code ${event.exitCode}` }
      return { message: `stopped: ${firstLine(event.error.message)}`, code: codeOf(event.error) }
    case 'standby':
      return { message: `standby: ${event.lease.holder} runs it, epoch ${event.lease.epoch}` }
    case 'leading':
      return leading(event)
    case 'caught-up':
      return { message: 'caught up' }
    case 'draining':
      return { message: 'finishing what was read' }
    case 'paused':
      return { message: 'paused' }
    case 'published':
      return { message: `published ${event.detail}` }
    case 'batch':
    case 'checkpoint':
      return { message: event.type }
  }
}

function leading({ lease, from }: FlowEvent & { readonly type: 'leading' }): Line {
  if (from === undefined) return { message: `has the lease, epoch ${lease.epoch}` }
  return { message: `${lease.holder} took over from ${from}, epoch ${lease.epoch}` }
}

/** Of an error that has one; drivers' codes are text too. */
export function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** The fix of a `ConfigError` is on a line of its own. */
export function firstLine(text: string): string {
  const end = text.indexOf('\n')
  return end === -1 ? text : text.slice(0, end)
}
