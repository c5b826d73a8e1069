import type { FlowEvent } from '../../core/observer.js'
import { scrub } from '../../core/secret.js'

/** Something of a flow that is worth a line. Equal ones that follow each other are one, counted. */
export interface Happening {
  /** Grows with each that is new, over all flows. */
  readonly sequence: number
  readonly flow: string
  readonly type: FlowEvent['type']
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

export type Told = Pick<Happening, 'level' | 'message' | 'code' | 'lane'>

/** What tells one kind of trouble from another: cheap, as it is made for each event. `undefined`: not worth a line. */
export function kindOf(event: FlowEvent): string | undefined {
  switch (event.type) {
    case 'batch':
    case 'checkpoint':
    // A notice says it, with what was left out.
    case 'published':
      return undefined
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
  const { level = 'info', message, code, lane } = lineOf(event)
  return { level, message: scrub(message), code, lane }
}

interface Line {
  readonly level?: Happening['level']
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
      return { level: 'warn', message: firstLine(event.error.message), code: codeOf(event.error), lane: event.lane }
    case 'health':
      if (event.healthy) return { message: `${event.subject} works again` }
      return { level: 'error', message: firstLine(event.reason ?? `${event.subject} does not work`) }
    case 'dead-letters': {
      const { code, lane, reason } = event
      return { level: 'warn', message: `${event.held ? 'held' : 'dead letters'}: ${firstLine(reason)}`, code, lane }
    }
    case 'skipped':
      return { message: `left out: ${event.reason}`, code: event.reason, lane: event.lane }
    case 'conflicts':
      return { level: 'warn', message: `conflicts: ${event.decision}` }
    case 'verdict':
      return { level: event.verdict === 'same' ? 'info' : 'warn', message: `${event.verdict}: ${event.detail}` }
    case 'notice':
      return { level: event.level, message: firstLine(event.message), code: event.code }
    case 'stopped':
      if (event.error === undefined) return { message: `stopped with exit code ${event.exitCode}` }
      return { level: 'error', message: `stopped: ${firstLine(event.error.message)}`, code: codeOf(event.error) }
    case 'caught-up':
      return { message: 'caught up' }
    case 'draining':
      return { message: 'finishing what was read' }
    case 'paused':
      return { message: 'paused' }
    case 'batch':
    case 'checkpoint':
    case 'published':
      return { message: event.type }
  }
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
