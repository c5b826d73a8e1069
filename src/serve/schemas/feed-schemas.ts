import { z } from '@hono/zod-openapi'
import type { Feed, FeedDetail } from '../../client/wire/feeds.js'
import { paged } from './page-schemas.js'

const count = z.number().int().min(0)
const time = z.string().openapi({ format: 'date-time' })

export const FeedSchema: z.ZodType<Feed> = z
  .object({
    sequence: count,
    newest: z.boolean(),
    manifest: z.string(),
    store: z.string(),
    publishedAt: time.nullable(),
    rows: count.nullable(),
    bytes: count.nullable(),
    files: count.nullable(),
    addsTo: count.nullable(),
    problems: z.array(z.object({ file: z.string(), problem: z.string() })),
  })
  .openapi('Feed')
export const FeedPageSchema = paged('FeedPage', FeedSchema)

export const FeedDetailSchema: z.ZodType<FeedDetail> = z
  .object({
    name: z.string(),
    sequence: count,
    manifest: z.string(),
    store: z.string(),
    publishedAt: time,
    format: z.string(),
    compression: z.string(),
    rows: count,
    bytes: count,
    skipped: count,
    rejected: count,
    files: z.array(z.object({ name: z.string(), rows: count, bytes: count, sha256: z.string() })),
    columns: z.array(z.object({ name: z.string(), type: z.string() })),
    descriptor: z.string().nullable(),
  })
  .openapi('FeedDetail')
