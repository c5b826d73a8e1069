import { z } from 'zod'
import { EVENT_LEVELS, type EventRetention, eventIdAt, type LoggedEvent } from '../../core/event-log.js'

/** Events of a page, unless the caller says otherwise. */
export const EVENT_PAGE = 100
/** Events that one statement saves. */
export const EVENT_CHUNK = 500

const DAY_MS = 86_400_000
const absent = z
  .string()
  .nullish()
  .transform((text) => text ?? undefined)

const Stored = z.object({
  id: z.string(),
  flow: z.string(),
  event: z.string(),
  level: z.enum(EVENT_LEVELS),
  at: z.string(),
  lastAt: z.string(),
  times: z.coerce.number(),
  message: z.string(),
  code: absent,
  subject: absent,
})

/** The event in a row whose columns are selected under the names of `LoggedEvent`. */
export function loggedEvent(row: unknown): LoggedEvent {
  const { code, subject, at, lastAt, ...rest } = Stored.parse(row)
  return { ...rest, at: toIso(at), lastAt: toIso(lastAt), code, subject }
}

/** Of no database a NUL in its text, which not every one takes. */
export function eventText(text: string): string {
  return text.replaceAll('\0', '\u2400')
}

/** Chunks of events, in the order of their ids, so that writers that meet wait and do not deadlock. */
export function eventChunks(events: readonly LoggedEvent[]): readonly (readonly LoggedEvent[])[] {
  const sorted = [...events].sort((a, b) => (a.id < b.id ? -1 : 1))
  return Array.from({ length: Math.ceil(sorted.length / EVENT_CHUNK) }, (_, index) =>
    sorted.slice(index * EVENT_CHUNK, (index + 1) * EVENT_CHUNK),
  )
}

/** Ids before it are too old. */
export function oldestKept({ days }: EventRetention, nowMs = Date.now()): string {
  return eventIdAt(nowMs - days * DAY_MS)
}

function toIso(text: string): string {
  return new Date(text).toISOString()
}
