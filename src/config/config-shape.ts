import { z } from 'zod'
import type { AlertSink } from '../core/alert.js'
import type { Database } from '../core/database.js'
import type { Flow, FlowKind } from '../core/flow.js'
import { Secret } from '../core/secret.js'
import { LOG_LEVELS } from './define-config.js'

export const FLOW_KINDS = ['ingest', 'relay', 'sync', 'feed', 'check'] as const satisfies readonly FlowKind[]
export const FLOW_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/

export const FlowShape = z.object({
  kind: z.enum(FLOW_KINDS),
  databases: z.array(z.unknown()),
  run: z.function(),
  diagnose: z.function(),
  grants: z.function(),
})
const DatabaseShape = z.object({
  engine: z.string(),
  label: z.string(),
  table: z.function(),
  identify: z.function(),
  state: z.looseObject({}),
})

/** Zod only looks here: the very objects of the config go on, not copies of them. */
const isFlow = (value: unknown): value is Flow => FlowShape.safeParse(value).success
const isSink = (value: unknown): value is AlertSink =>
  typeof value === 'object' && value !== null && 'send' in value && 'label' in value
const isDatabase = (value: unknown): value is Database => DatabaseShape.safeParse(value).success

export const ServeShape = z.strictObject({
  listen: z.string('must be text such as 127.0.0.1:4680').optional(),
  token: z.union([z.string(), z.instanceof(Secret)], 'must be text').optional(),
  names: z.array(z.string('must be a name'), 'must be names in an array').optional(),
  readOnly: z.boolean('must be true or false').optional(),
})

export const TracesShape = z.union(
  [
    z.literal(false),
    z.strictObject({
      url: z.url({ protocol: /^https?$/, error: 'must be an address of http or https' }).optional(),
      headers: z.record(z.string(), z.union([z.string(), z.instanceof(Secret)])).optional(),
    }),
  ],
  "must be false or { url: 'http://collector:4318/v1/traces', headers: { name: 'text' } }",
)

const ms = z.number().int().min(0).max(2_147_483_647)
/** More often than once in a minute is no reminder any more. */
const wait = ms.min(60_000)

export const AlertsShape = z.strictObject({
  to: z.union([z.custom<AlertSink>(isSink), z.array(z.custom<AlertSink>(isSink)).min(1)]).optional(),
  stopped: z.boolean().optional(),
  lagAboveMs: z.union([ms, z.literal(false)]).optional(),
  forMs: ms.optional(),
  deadLettersAbove: z.union([z.number().int().min(0), z.literal(false)]).optional(),
  checkDifferent: z.union([z.literal('any'), z.literal(false), z.number().int().min(1)]).optional(),
  feedRefused: z.boolean().optional(),
  groupMs: ms.max(3_600_000).optional(),
  repeat: z.strictObject({ firstMs: wait.optional(), maxMs: wait.optional() }).optional(),
})

export const EventLogShape = z.union(
  [
    z.literal(false),
    z.strictObject({
      keepDays: z.number().int().min(1).max(3_650).optional(),
      keepRows: z.number().int().min(1).max(10_000_000).optional(),
    }),
  ],
  'must be false or { keepDays: 1 to 3650, keepRows: 1 to 10000000 }',
)

export const ConfigShape = z.strictObject({
  flows: z.record(z.string().regex(FLOW_NAME), z.custom<Flow>(isFlow)),
  state: z.custom<Database>(isDatabase).optional(),
  alerts: AlertsShape.optional(),
  eventLog: EventLogShape.optional(),
  traces: TracesShape.optional(),
  log: z.strictObject({ level: z.enum(LOG_LEVELS).optional() }).optional(),
  serve: ServeShape.optional(),
})
