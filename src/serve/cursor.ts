import type { z } from 'zod'
import { RequestError } from './problem.js'

/** Where a list goes on, as text that clients hand back unread. */
export function formatCursor(place: unknown): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

/** Throws a `RequestError` for what `formatCursor` did not make. */
export function parseCursor<Place>(cursor: string | undefined, shape: z.ZodType<Place>): Place | undefined {
  if (cursor === undefined) return undefined
  const { success, data } = shape.safeParse(jsonOf(Buffer.from(cursor, 'base64url').toString()))
  if (success) return data
  throw new RequestError(400, 'cursor-invalid', 'the cursor is not one of this list', 'begin again without a cursor')
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
