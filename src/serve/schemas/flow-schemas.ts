import { z } from '@hono/zod-openapi'
import type {
  AlertTest,
  Checkpoint,
  FlowConfig,
  FlowDetail,
  FlowHappening,
  FlowRun,
  FlowSeries,
  FlowSummary,
} from '../../client/wire/flow.js'
import { paged } from './page-schemas.js'

// The types are those of the client, and the compiler holds the two together.

const count = z.number().int().min(0)
const time = z.string().openapi({ format: 'date-time' })
const amounts = z.array(z.number().min(0))
const lags = z.array(z.number().min(0).nullable())

const RunEnd = z.object({ startedAt: time, endedAt: time, exitCode: z.number().int(), error: z.string().nullable() })

export const FLOW_STATES = ['running', 'standby', 'scheduled', 'draining', 'paused', 'stopped', 'failed'] as const
const Lease = z.object({ holder: z.string(), epoch: count, since: time })
const Kind = z.enum(['ingest', 'relay', 'sync', 'feed', 'check'])

const Summary = z.object({
  name: z.string(),
  kind: Kind,
  state: z.enum(['never-run', ...FLOW_STATES]),
  condition: z.enum(['ok', 'attention', 'broken', 'off']),
  reason: z.string().nullable(),
  stale: z.boolean(),
  startedAt: time.nullable(),
  heardAt: time.nullable(),
  items: count,
  batches: count,
  itemsPerSecond: z.number().min(0),
  lagMs: z.number().min(0).nullable(),
  retries: count,
  deadLetters: count,
  held: count,
  skipped: count,
  conflicts: count,
  stored: z.object({ deadLetters: count, held: count, conflicts: count, at: time }).nullable(),
  caughtUp: z.boolean(),
  trend: z.object({ stepMs: count, from: time, items: amounts, lagMs: lags }),
  unhealthy: z.array(z.object({ subject: z.string(), reason: z.string().nullable(), since: time })),
  lastError: z.object({ message: z.string(), code: z.string().nullable(), at: time.nullable() }).nullable(),
  lastVerdict: z
    .object({
      verdict: z.string(),
      detail: z.string(),
      figures: z.record(z.string(), z.number()),
      at: time,
    })
    .nullable(),
  lastNotice: z.object({ level: z.string(), code: z.string(), message: z.string(), at: time }).nullable(),
  exitCode: z.number().int().nullable(),
  schedule: z.object({ cron: z.string(), timeZone: z.string() }).nullable(),
  nextRunAt: time.nullable(),
  lastRun: RunEnd.nullable(),
  lease: Lease.nullable(),
  databases: z.array(z.string()),
  actions: z.array(z.enum(['pause', 'resume', 'run', 'reset', 'replay', 'discard', 'test-alert'])),
})

export const FlowSummarySchema: z.ZodType<FlowSummary> = Summary.openapi('FlowSummary')
export const FlowListSchema: z.ZodType<{ readonly flows: readonly FlowSummary[] }> = z
  .object({ flows: z.array(FlowSummarySchema) })
  .openapi('FlowList')

export const FlowDetailSchema: z.ZodType<FlowDetail> = Summary.extend({
  lag: z.object({ p50: z.number(), p99: z.number(), max: z.number() }).nullable(),
  lanes: z.array(
    z.object({
      lane: z.string(),
      items: count,
      batches: count,
      lagMs: z.number().min(0).nullable(),
      lastBatchAt: time,
    }),
  ),
  tables: z.array(z.string()),
  alertsTo: z.array(z.string()),
}).openapi('FlowDetail')

export const FlowSeriesSchema: z.ZodType<FlowSeries> = z
  .object({
    stepMs: count,
    from: time,
    items: amounts,
    batches: amounts,
    busyMs: amounts,
    lagMs: lags,
    retries: amounts,
    deadLetters: amounts,
  })
  .openapi('FlowSeries')

export const FlowHappeningSchema: z.ZodType<FlowHappening> = z
  .object({
    id: z.string(),
    flow: z.string(),
    type: z.string(),
    level: z.enum(['info', 'warn', 'error']),
    at: time,
    lastAt: time,
    message: z.string(),
    code: z.string().nullable(),
    lane: z.string().nullable(),
    times: count,
  })
  .openapi('FlowHappening')

export const FlowHappeningsSchema = paged('FlowHappenings', FlowHappeningSchema)

export const FlowRunSchema: z.ZodType<FlowRun> = z
  .object({
    run: z.string(),
    state: z.enum(FLOW_STATES),
    startedAt: time,
    heartbeatAt: time,
    items: count,
    lagMs: z.number().min(0).nullable(),
    retries: count,
    deadLetters: count,
    conflicts: count,
    lastError: z.string().nullable(),
    lastVerdict: z.object({ verdict: z.string(), detail: z.string(), at: time }).nullable(),
    nextRunAt: time.nullable(),
    lastRun: RunEnd.nullable(),
    lease: Lease.nullable(),
  })
  .openapi('FlowRun')

export const CheckpointSchema: z.ZodType<Checkpoint> = z
  .object({ database: z.string(), lane: z.string(), position: z.string(), characters: count })
  .openapi('Checkpoint')

export const CheckpointsSchema: z.ZodType<{ readonly items: readonly Checkpoint[] }> = z
  .object({ items: z.array(CheckpointSchema) })
  .openapi('Checkpoints')

export const FlowConfigSchema: z.ZodType<FlowConfig> = z
  .object({ flow: z.string(), kind: Kind, options: z.unknown() })
  .openapi('FlowConfig')

export const AlertTestSchema: z.ZodType<AlertTest> = z
  .object({
    results: z.array(
      z.object({ place: z.string(), arrived: z.boolean(), answer: z.string(), fix: z.string().nullable() }),
    ),
  })
  .openapi('AlertTest')
