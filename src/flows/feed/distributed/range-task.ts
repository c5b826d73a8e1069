import { z } from 'zod'
import { FileEntry } from '../manifest.js'
import type { Rejected } from '../rejections.js'

const count = z.int().min(0)
const Key = z.array(z.string()).optional()
/** See `packHashes`. */
const KeyHashes = z.string()

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
  /** Keys of the preset that rows of ranges before have; of rows of this range with such a key none is published. */
  repeated: KeyHashes.optional(),
})
export type FeedTask = z.infer<typeof FeedTask>

/** What a worker tells of a range that is done; the rows that it rejected it has told before. */
export const FeedRange = z.object({
  /** In the order of their rows; none where there were none. */
  files: z.array(FileEntry),
  read: count,
  skipped: count,
  rejected: count,
  /** How many keys of rows it has told, where a preset asks for keys that are unique. */
  keys: count,
})
export type FeedRange = z.infer<typeof FeedRange>

const FoundRejected = z
  .object({ key: z.array(z.unknown()), code: z.string(), reason: z.string(), problems: z.array(z.string()).optional() })
  .transform(({ problems, ...row }): Rejected => ({ ...row, ...(problems === undefined ? {} : { problems }) }))

/** What a worker told while it was at a range: a row that it rejected, or keys of rows that it did not. */
export const Found = z.union([FoundRejected, z.object({ keys: KeyHashes })])
export type Found = z.infer<typeof Found>
