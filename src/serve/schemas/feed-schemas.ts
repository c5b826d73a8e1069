import { z } from '@hono/zod-openapi'
import type { Feed, FeedDetail, FeedReport, FeedRun } from '../../client/wire/feeds.js'
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
    rejected: count.nullable(),
    addsTo: count.nullable(),
    problems: z.array(z.object({ file: z.string(), problem: z.string() })),
  })
  .openapi('Feed')
export const FeedPageSchema = paged('FeedPage', FeedSchema)

export const FeedDetailSchema: z.ZodType<FeedDetail> = z
  .object({
    name: z.string(),
    sequence: count,
    run: z.string(),
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
    addsTo: count.nullable(),
    descriptor: z.string().nullable(),
  })
  .openapi('FeedDetail')

const run = {
  id: z.string(),
  flow: z.string(),
  feed: z.string(),
  store: z.string(),
  outcome: z.enum(['published', 'unchanged', 'refused', 'stopped', 'failed']),
  startedAt: time,
  endedAt: time,
  sequence: count.nullable(),
  read: count,
  skipped: count,
  rejected: count,
  rows: count,
  bytes: count,
  files: count,
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
}

export const FeedRunSchema: z.ZodType<FeedRun> = z.object(run).openapi('FeedRun')
export const FeedRunPageSchema = paged('FeedRunPage', FeedRunSchema)

export const FeedReportSchema: z.ZodType<FeedReport> = z
  .object({
    ...run,
    keyColumns: z.array(z.string()),
    reasons: z.array(
      z.object({ code: z.string(), reason: z.string(), count, keys: z.array(z.array(z.string().nullable())) }),
    ),
    others: count,
  })
  .openapi('FeedReport')
