import { z } from 'zod'
import type { FeedReport, FeedRun } from '../../core/feed-run.js'
import { jsonText, parsed } from './check-record.js'

/** Runs of a page, unless the caller says otherwise. */
export const FEED_RUN_PAGE = 50

/** A run in columns, but for its flow, id and start; lists read only the first. */
export function feedTexts(report: FeedReport): { readonly summary: string; readonly rejections: string } {
  const { flow: _flow, id: _id, startedAt: _startedAt, keyColumns, reasons, others, ...summary } = report
  return { summary: jsonText(summary), rejections: jsonText({ keyColumns, reasons, others }) }
}

const json = <Schema extends z.ZodType>(schema: Schema) => z.string().transform(parsed).pipe(schema)
const count = z.number()

const Summary = z.object({
  feed: z.string(),
  store: z.string(),
  outcome: z.enum(['published', 'unchanged', 'refused', 'stopped', 'failed']),
  endedAt: z.string(),
  sequence: count.optional(),
  read: count,
  skipped: count,
  rejected: count,
  rows: count,
  bytes: count,
  files: count,
  error: z.object({ code: z.string(), message: z.string() }).optional(),
})

const Rejections = z.object({
  keyColumns: z.array(z.string()),
  reasons: z.array(
    z.object({ code: z.string(), reason: z.string(), count, keys: z.array(z.array(z.string().nullable())) }),
  ),
  others: count,
})

const Run = z.object({ flow: z.string(), id: z.string(), startedAt: z.string(), summary: json(Summary) })
const Report = Run.extend({ rejections: json(Rejections) })

/** The run in a row whose columns are selected as `flow`, `id`, `startedAt` and `summary`. */
export function storedFeedRun(row: unknown): FeedRun {
  const { summary, ...rest } = Run.parse(row)
  const { sequence, error, ...figures } = summary
  return { ...rest, ...figures, sequence, error }
}

/** The same with `rejections`. */
export function storedFeedReport(row: unknown): FeedReport {
  return { ...storedFeedRun(row), ...Report.parse(row).rejections }
}
