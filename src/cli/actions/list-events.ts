import { type NamedFlow, selectFlows } from '../../config/select-flows.js'
import type { Database } from '../../core/database.js'
import { ConfigError, EXIT, type ExitCode } from '../../core/errors.js'
import { EVENT_LEVELS, type EventLevel, type LoggedEvent } from '../../core/event-log.js'
import type { Io } from '../io.js'
import { toJson } from '../json.js'
import { stateOf, withConfig } from '../open-config.js'
import { renderEvents } from '../render/event-table.js'
import { paint } from '../render/paint.js'
import { within } from '../within.js'

const DEADLINE_MS = 10_000

export interface EventsArguments {
  readonly flows: readonly string[]
  /** Of this level and worse. */
  readonly level?: EventLevel
  /** Names of facts: `failed`, `unavailable`. */
  readonly event?: readonly string[]
  /** Id of the last event of the list before. */
  readonly before?: string
  readonly limit: number
  readonly config?: string
  readonly json: boolean
}

/** Lists failures and changes of state as the state databases keep them, newest first. */
export async function listEvents(io: Io, args: EventsArguments): Promise<ExitCode> {
  return withConfig(io, args.config, async (config) => {
    const flows = selectFlows(config, args.flows)
    const places = flows.map((flow) => ({ flow, database: stateOf(config, flow) }))
    const found = await Promise.all(places.map((place) => eventsOf(place, args)))
    const all = found.flat().sort((a, b) => (a.id < b.id ? 1 : -1))
    const events = all.slice(0, args.limit)
    const more = all.length > events.length
    if (args.json) io.out(toJson({ events, more }))
    else io.out(text(io, { events, more, kept: places.some(({ database }) => database !== undefined) }))
    return EXIT.ok
  })
}

async function eventsOf(
  { flow, database }: { readonly flow: NamedFlow; readonly database: Database | undefined },
  { level = 'info', event, before, limit }: EventsArguments,
): Promise<readonly LoggedEvent[]> {
  if (database === undefined) return []
  const levels = EVENT_LEVELS.slice(EVENT_LEVELS.indexOf(level))
  const page = {
    flow: flow.name,
    // One more than is shown tells whether there are more.
    limit: limit + 1,
    levels,
    ...(event === undefined ? {} : { events: event }),
    ...(before === undefined ? {} : { before }),
  }
  return within(DEADLINE_MS, database.label, () => database.state.events.list(page))
}

interface Listed {
  readonly events: readonly LoggedEvent[]
  readonly more: boolean
  /** There is a database that events are kept in. */
  readonly kept: boolean
}

function text(io: Io, { events, more, kept }: Listed): string {
  if (!kept) throw nowhere()
  const colours = paint(io)
  const last = events.at(-1)
  if (last === undefined) return 'no events are kept of this'
  const table = renderEvents(events, { nowMs: Date.now(), width: io.width, paint: colours })
  return more ? `${table}\n\n${colours.dim(`... and more: --before ${last.id}`)}` : table
}

function nowhere(): ConfigError {
  return new ConfigError({
    code: 'events-nowhere',
    key: 'state',
    message: 'these flows write to no database, and the config names none for state, so no events are kept',
    fix: "name one: state: postgres(env('STATE_URL')), or sqlite('lockstep.db')",
  })
}
