import { z } from 'zod'
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
const isDatabase = (value: unknown): value is Database => DatabaseShape.safeParse(value).success

export const ServeShape = z.strictObject({
  listen: z.string('must be text such as 127.0.0.1:4680').optional(),
  token: z.union([z.string(), z.instanceof(Secret)], 'must be text').optional(),
  names: z.array(z.string('must be a name'), 'must be names in an array').optional(),
  readOnly: z.boolean('must be true or false').optional(),
})

export const ConfigShape = z.strictObject({
  flows: z.record(z.string().regex(FLOW_NAME), z.custom<Flow>(isFlow)),
  state: z.custom<Database>(isDatabase).optional(),
  log: z.strictObject({ level: z.enum(LOG_LEVELS).optional() }).optional(),
  serve: ServeShape.optional(),
})
