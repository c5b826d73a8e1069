import { z } from 'zod'
import type { FlowHappening } from '../../client/wire/flow.js'
import type { Page } from '../../client/wire/server.js'
import { EVENT_LEVELS, type EventLevel, eventIdAt, eventTag, type LoggedEvent } from '../../core/event-log.js'
import { deadline } from '../../engine/deadline.js'
import type { Happening } from '../../observe/board/happening.js'
import { formatCursor, parseCursor } from '../cursor.js'
import { type Desk, type PageRequest, STORE_DEADLINE_MS } from '../desk.js'

export interface EventRequest extends PageRequest {
  /** Of this level and worse. */
  readonly level?: EventLevel | undefined
  readonly type?: string | undefined
}

/** After these two the page goes on: one of memory, one of the log. */
const Place = z.strictObject({ sequence: z.number().int().min(0).optional(), id: z.string().max(64).optional() })
type Place = z.output<typeof Place>

/** What the board remembers of one flow at most, and so of the log's what can be known twice. */
const KNOWN_TWICE = 200

interface Found {
  readonly atMs: number
  readonly place: Place
  readonly happening: FlowHappening
}

/**
 * Newest first: what this process remembers, and what the log keeps of it from before, and of other processes. While the
 * log cannot be read, the first page has what is remembered.
 */
export async function flowEvents(desk: Desk, flow: string, request: EventRequest): Promise<Page<FlowHappening>> {
  const place = parseCursor(request.cursor, Place) ?? {}
  const kept = await logged(desk, flow, { ...request, place })
  const found = [...remembered(desk, flow, { ...request, place }), ...kept].sort((a, b) => b.atMs - a.atMs)
  const items = found.slice(0, request.limit)
  const next: Place = Object.assign({}, place, ...items.map((one) => one.place))
  return {
    items: items.map(({ happening }) => happening),
    next: found.length > items.length ? formatCursor(next) : null,
  }
}

type Placed = EventRequest & { readonly place: Place }

function remembered(desk: Desk, flow: string, { place, level = 'info', type }: Placed): readonly Found[] {
  const levels = from(level)
  return desk.board
    .happenings(flow)
    .filter(({ sequence }) => sequence < (place.sequence ?? Number.POSITIVE_INFINITY))
    .filter((one) => levels.includes(one.level) && (type === undefined || one.type === type))
    .map((one) => ({
      atMs: Date.parse(one.at),
      place: { sequence: one.sequence },
      happening: happeningOf(one),
    }))
}

async function logged(desk: Desk, flow: string, request: Placed): Promise<readonly Found[]> {
  const [database] = desk.stateOf(flow)
  if (database === undefined) return []
  const { place, limit, level, type } = request
  const page = {
    flow,
    limit: limit + 1 + KNOWN_TWICE,
    ...(place.id === undefined ? {} : { before: place.id }),
    ...(level === undefined ? {} : { levels: from(level) }),
    ...(type === undefined ? {} : { events: [type] }),
  }
  const within = { what: database.label, ms: STORE_DEADLINE_MS, signal: desk.abort }
  try {
    const rows = await deadline(within, () => database.state.events.list(page))
    const twice = knownTwice(desk, flow)
    return rows.filter((row) => !twice(row)).map(foundOf)
  } catch (error) {
    if (place.id === undefined && place.sequence === undefined) return []
    throw error
  }
}

/** Whether the board knows it too. It forgets its oldest, and these are in the log alone. */
function knownTwice(desk: Desk, flow: string): (event: LoggedEvent) => boolean {
  const oldest = desk.board.happenings(flow).at(-1)
  if (oldest === undefined) return () => false
  const since = eventIdAt(Date.parse(oldest.at))
  return ({ id }) => eventTag(id) === desk.eventTag && id >= since
}

function foundOf(event: LoggedEvent): Found {
  const { id, flow, level, at, lastAt, message, times } = event
  const happening = { id, flow, level, at, lastAt, message, times, type: event.event }
  return {
    atMs: Date.parse(at),
    place: { id },
    happening: { ...happening, code: event.code ?? null, lane: event.subject ?? null },
  }
}

export function happeningOf({ sequence, ...happening }: Happening): FlowHappening {
  return { ...happening, id: String(sequence), code: happening.code ?? null, lane: happening.lane ?? null }
}

function from(level: EventLevel): readonly EventLevel[] {
  return EVENT_LEVELS.slice(EVENT_LEVELS.indexOf(level))
}
