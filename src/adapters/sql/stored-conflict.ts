import { z } from 'zod'
import type { StoredConflict } from '../../core/state.js'

/** Conflicts of a page, unless the caller says otherwise. */
export const CONFLICT_PAGE = 100

const Row = z
  .string()
  .transform((text): unknown => JSON.parse(text))
  .pipe(z.array(z.string().nullable()))

const Stored = z.object({
  id: z.string(),
  flow: z.string(),
  table: z.string(),
  key: Row,
  incoming: Row,
  existing: Row,
  decision: z.enum(['kept-both', 'kept-existing', 'took-incoming']),
  times: z.coerce.number(),
  firstAt: z.string(),
  lastAt: z.string(),
})

/** The conflict in a row whose columns are selected under the names of `StoredConflict`, rows as JSON text. */
export function storedConflict(row: unknown): StoredConflict {
  return Stored.parse(row)
}
