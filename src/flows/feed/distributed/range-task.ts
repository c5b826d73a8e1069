import { z } from 'zod'
import { FileEntry } from '../manifest.js'
import type { Rejected } from '../rejections.js'

const count = z.int().min(0)
const Key = z.array(z.string()).optional()

/** What a worker is told of a range. No address and no SQL: these it has from its own config. */
export const FeedTask = z.object({
  /** How all files begin. */
  name: z.string(),
  sequence: z.int().min(1),
  /** Part of the names of all files of the attempt. */
  run: z.string().regex(/^[0-9a-f]{16}$/),
  generation: z.object({ timestamp: count, nonce: count }),
  /** `DatabaseIdentity.id`, and the fingerprint of the table as the coordinator found it. */
  database: z.string(),
  schema: z.string(),
  range: z.object({ after: Key, upTo: Key }),
  /** Name of the moment that all ranges are read at; left out: each is read at a moment of its own, or in chunks. */
  snapshot: z.string().optional(),
  /** Finished files of this range, or of about the same, of a run that was killed. In their order. */
  left: z.array(z.object({ name: z.string(), bytes: count })),
})
export type FeedTask = z.infer<typeof FeedTask>

/** What a worker tells of a range that is done; the rows that it rejected it has told before. */
export const FeedRange = z.object({
  /** In the order of their rows; none where there were none. */
  files: z.array(FileEntry),
  read: count,
  skipped: count,
  rejected: count,
})
export type FeedRange = z.infer<typeof FeedRange>

/** A row that was rejected, as a worker told it. */
export const FoundRejected = z
  .object({ key: z.array(z.unknown()), code: z.string(), reason: z.string(), problems: z.array(z.string()).optional() })
  .transform(({ problems, ...row }): Rejected => ({ ...row, ...(problems === undefined ? {} : { problems }) }))
