import { z } from '@hono/zod-openapi'
import type { Feed, FeedDetail, FeedReport } from '../../client/wire/feeds.js'
import { paged } from './page-schemas.js'

const count = z.number().int().min(0)
const time = z.string().openapi({ format: 'date-time' })

const Published = z.object({
  name: z.string(),
  sequence: count,
  publishedAt: time,
  format: z.string(),
  compression: z.string(),
  rows: count,
  bytes: count,
  skipped: count,
  rejected: count,
  store: z.string(),
})

export const FeedSchema: z.ZodType<Feed> = Published.extend({ files: count }).openapi('Feed')
export const FeedPageSchema = paged('FeedPage', FeedSchema)

export const FeedDetailSchema: z.ZodType<FeedDetail> = Published.extend({
  files: z.array(z.object({ name: z.string(), rows: count, bytes: count, sha256: z.string() })),
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  descriptor: z.string().nullable(),
}).openapi('FeedDetail')

export const FeedReportSchema: z.ZodType<FeedReport> = z
  .object({
    manifest: z.string(),
    store: z.string(),
    rows: count,
    bytes: count,
    files: count,
    problems: z.array(z.object({ file: z.string(), problem: z.string() })),
  })
  .openapi('FeedReport')
