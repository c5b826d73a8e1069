import { DataError } from '../../core/errors.js'
import type { EventLevel } from '../../core/event-log.js'
import type { FlowEvent } from '../../core/observer.js'

interface Word {
  /** `error`: it does not work. `warn`: it works, and a person should look. `info`: what is to be expected. `debug`: for those who look closely. */
  readonly level: EventLevel | 'debug'
  /** It has a line in the log, as `flow.<name>`. */
  readonly logged: boolean
  /** It has a row in the event log, as `event`. */
  readonly kept: boolean
}

/**
 * What is told of a flow, one name for each fact: in the log, in the event log and as `type` in the API. The guide has the
 * same table for people, and a test holds the two together.
 */
export const FLOW_EVENTS = {
  started: { level: 'info', logged: true, kept: true },
  scheduled: { level: 'info', logged: true, kept: false },
  'caught-up': { level: 'info', logged: true, kept: false },
  draining: { level: 'info', logged: true, kept: false },
  stopped: { level: 'info', logged: true, kept: true },
  failed: { level: 'error', logged: true, kept: true },
  paused: { level: 'info', logged: true, kept: true },
  standby: { level: 'info', logged: true, kept: true },
  leading: { level: 'info', logged: true, kept: false },
  'took-over': { level: 'warn', logged: true, kept: true },
  unavailable: { level: 'error', logged: true, kept: true },
  recovered: { level: 'info', logged: true, kept: true },
  retry: { level: 'warn', logged: true, kept: true },
  'dead-letters': { level: 'warn', logged: true, kept: true },
  held: { level: 'info', logged: true, kept: true },
  skipped: { level: 'info', logged: false, kept: false },
  conflicts: { level: 'warn', logged: true, kept: true },
  same: { level: 'info', logged: true, kept: true },
  different: { level: 'warn', logged: true, kept: true },
  unverified: { level: 'warn', logged: true, kept: true },
  published: { level: 'info', logged: true, kept: true },
  refused: { level: 'error', logged: true, kept: true },
  notice: { level: 'info', logged: true, kept: false },
  warning: { level: 'warn', logged: true, kept: true },
  progress: { level: 'info', logged: true, kept: false },
  batch: { level: 'debug', logged: true, kept: false },
  'events-lost': { level: 'warn', logged: false, kept: true },
} as const satisfies Record<string, Word>

export type FlowEventName = keyof typeof FLOW_EVENTS

/** Lines of the log that are of no flow. */
export const OTHER_EVENTS = {
  'serve.request': 'debug',
  'serve.change': 'info',
  'serve.refused': 'warn',
  'serve.unavailable': 'warn',
  'serve.unexpected': 'error',
  'worker.started': 'info',
  'worker.stopped': 'info',
  'worker.taken': 'debug',
  'worker.done': 'info',
  'worker.returned': 'info',
  'worker.lost': 'warn',
  'worker.failed': 'error',
  'worker.refused': 'error',
  'worker.unavailable': 'warn',
  'load.progress': 'info',
  'load.failing': 'warn',
} as const satisfies Record<string, Word['level']>

export type OtherEventName = keyof typeof OTHER_EVENTS

/** `undefined`: of no interest to anybody outside. `kind`: of its flow. Does next to nothing for a batch. */
export function eventName(event: FlowEvent, kind: string | undefined): FlowEventName | undefined {
  switch (event.type) {
    case 'checkpoint':
      return undefined
    case 'stopped':
      if (event.error === undefined) return 'stopped'
      return kind === 'feed' && event.error instanceof DataError ? 'refused' : 'failed'
    // That a flow has its lease is to be expected; that another let it expire is not.
    case 'leading':
      return event.from === undefined ? 'leading' : 'took-over'
    case 'health':
      return event.healthy ? 'recovered' : 'unavailable'
    case 'dead-letters':
      return event.held === true ? 'held' : 'dead-letters'
    case 'verdict':
      return event.verdict
    case 'notice':
      return event.level === 'warn' ? 'warning' : 'notice'
    default:
      return event.type
  }
}

/** Where there is no `debug`: in the event log and the API. */
export function levelOf(name: FlowEventName): EventLevel {
  const { level } = FLOW_EVENTS[name]
  return level === 'debug' ? 'info' : level
}

/** What goes on is one entry that is counted; what changes is told each time. */
export function goesOn(name: FlowEventName): boolean {
  return ['retry', 'dead-letters', 'held', 'conflicts', 'warning'].includes(name)
}
