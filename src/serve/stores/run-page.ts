import { z } from 'zod'
import type { Page } from '../../client/wire/server.js'
import { formatCursor, parseCursor } from '../cursor.js'
import type { PageRequest } from '../desk.js'

const RunPlace = z.strictObject({ id: z.string(), startedAt: z.iso.datetime() })

/** What a store of runs lists: those before a place, the newest first. */
type ListRuns<Run> = (place: {
  readonly limit: number
  readonly before?: z.infer<typeof RunPlace>
}) => Promise<readonly Run[]>

/** Newest first. `list` is asked for one more than the page has, to see whether there are more. */
export async function runPage<Run extends z.infer<typeof RunPlace>>(
  { limit, cursor }: PageRequest,
  list: ListRuns<Run>,
): Promise<Page<Run>> {
  const before = parseCursor(cursor, RunPlace)
  const runs = await list({ limit: limit + 1, ...(before === undefined ? {} : { before }) })
  const items = runs.slice(0, limit)
  const last = items.at(-1)
  const more = runs.length > limit && last !== undefined
  return { items, next: more ? formatCursor({ id: last.id, startedAt: last.startedAt }) : null }
}
