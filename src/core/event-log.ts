export const EVENT_LEVELS = ['info', 'warn', 'error'] as const
export type EventLevel = (typeof EVENT_LEVELS)[number]

/** A failure of a flow or a change of its state, as it is kept. No value of a row and no credential. */
export interface LoggedEvent {
  /** Made by `eventId`: sorts by time, and names the process that told it. */
  readonly id: string
  readonly flow: string
  /** The fact: `started`, `failed`, `unavailable`, ... */
  readonly event: string
  readonly level: EventLevel
  /** ISO 8601, UTC; of the first and of the last one that it stands for. */
  readonly at: string
  readonly lastAt: string
  /** How many items or times it stands for. */
  readonly times: number
  readonly message: string
  readonly code: string | undefined
  /** Lane or database that it is about. */
  readonly subject: string | undefined
}

export interface EventPage {
  /** Default: of all flows. */
  readonly flow?: string
  /** Default 100. */
  readonly limit?: number
  /** Id of the last event of the page before. */
  readonly before?: string
  /** Default all. */
  readonly levels?: readonly EventLevel[]
  readonly events?: readonly string[]
}

/** How much of each flow is kept: events that are younger, and not more than so many. */
export interface EventRetention {
  readonly days: number
  readonly rows: number
}

export interface EventLogStore {
  /** Inserts what is new; of what is there already (by `id`) it replaces `times` and `lastAt`. May be repeated. */
  save(events: readonly LoggedEvent[]): Promise<void>
  /** Newest first. */
  list(page?: EventPage): Promise<readonly LoggedEvent[]>
  /** Deletes what is older or more than `keep` says. */
  forget(flow: string, keep: EventRetention): Promise<void>
}

const MS_DIGITS = 12

/** `tag`: eight hex digits that name the process; `number` grows within it. */
export function eventId(ms: number, tag: string, number: number): string {
  return `${ms.toString(16).padStart(MS_DIGITS, '0')}-${tag}-${number.toString(16).padStart(6, '0')}`
}

/** Every id of an earlier event sorts before it, every id of a later one after. */
export function eventIdAt(ms: number): string {
  return Math.max(0, Math.floor(ms)).toString(16).padStart(MS_DIGITS, '0')
}

/** Of the process that told the event. */
export function eventTag(id: string): string {
  return id.slice(MS_DIGITS + 1, MS_DIGITS + 9)
}
