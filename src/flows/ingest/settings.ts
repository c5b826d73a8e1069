import type { StandardSchemaV1 } from '@standard-schema/spec'
import { z } from 'zod'
import type { VersionCache } from '../../core/cache.js'
import type { TableRef } from '../../core/database.js'
import type { DeadLetterStore } from '../../core/dead-letter.js'
import { ConfigError } from '../../core/errors.js'
import type { Message } from '../../core/message.js'
import { BATCH_LIMITS, type MessageTarget, type Stream } from '../../core/stream.js'
import { AlertShape } from '../alert.js'
import { DECODE_LIMITS } from './decode-json.js'

const MAX_TIMER_MS = 2_147_483_647
const DAY_MS = 86_400_000

/** Zod only looks: the very objects of the config go on, not copies of them. */
const method = (value: unknown, name: string): boolean =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === 'function'
const callable = <Function>(what: string) =>
  z.custom<Function>((value) => typeof value === 'function', `must be a function: ${what}`)

const ms = z.number().int().min(1).max(MAX_TIMER_MS)
const StreamShape = z.custom<Stream>(
  (value) => method(value, 'source') && method(value, 'diagnose'),
  'must be a stream, e.g. what pubsub(), kurrentdb(), kafka() or files() returns',
)
const TableShape = z.custom<TableRef>(isTableRef, 'must be a table: what database.table(...) returns')
const SchemaShape = z.custom<StandardSchemaV1>(
  (value) => isObject(value) && method(Reflect.get(value, '~standard'), 'validate'),
  'must be a Standard Schema: one of Zod, Valibot, ArkType or another with `~standard`',
)
const PlaceShape = z.custom<MessageTarget | DeadLetterStore>(
  (value) => (method(value, 'open') && method(value, 'diagnose')) || (method(value, 'store') && method(value, 'list')),
  'must be a topic or file to write to, or a store of dead letters',
)
const CacheShape = z.custom<VersionCache>(
  (value) => method(value, 'load') && method(value, 'remember'),
  'must be a cache',
)

const RouteShape = z.strictObject({
  schema: SchemaShape.optional(),
  upcast: callable<(value: unknown, message: Message) => unknown>('(value, message) => value').optional(),
  map: callable<(value: unknown, message: Message) => unknown>('(value, message) => rows'),
})

const OptionsShape = z.strictObject({
  from: StreamShape,
  into: z.union([TableShape, z.record(z.string(), TableShape)], 'must be a table, or an object of tables'),
  decode: callable<(body: Uint8Array, message: Message) => unknown>('(body, message) => value').optional(),
  limits: z
    .strictObject({
      bodyBytes: z.number().int().min(1).default(DECODE_LIMITS.bodyBytes),
      depth: z.number().int().min(1).default(DECODE_LIMITS.depth),
      exactIntegers: z.boolean().default(DECODE_LIMITS.exactIntegers),
    })
    .prefault({}),
  batch: z
    .strictObject({
      items: z.number().int().min(1).default(BATCH_LIMITS.items),
      bytes: z.number().int().min(1).default(BATCH_LIMITS.bytes),
      waitMs: z.number().int().min(0).max(MAX_TIMER_MS).default(BATCH_LIMITS.waitMs),
    })
    .prefault({}),
  lanes: z.number().int().min(1).max(256).default(4),
  invalidText: z.enum(['reject', 'strip', 'escape']).default('reject'),
  orphans: z.enum(['dead-letter', 'hold']).default('dead-letter'),
  holdRetryMs: ms.default(5_000),
  holdMs: ms.default(DAY_MS),
  stopAbove: z.number().min(0).max(1).default(0.5),
  deadLetters: PlaceShape.optional(),
  cache: CacheShape.optional(),
  alert: AlertShape.stream,
  schema: SchemaShape.optional(),
  upcast: RouteShape.shape.upcast,
  map: RouteShape.shape.map.optional(),
  byType: z.record(z.string(), RouteShape).optional(),
  unknownTypes: z.enum(['skip', 'dead-letter']).default('dead-letter'),
  typeOf: callable<(message: Message, value: unknown) => string | undefined>('(message, value) => type').optional(),
})

export type Route = z.output<typeof RouteShape>
/** What `ingest` was given, with defaults filled in. */
export type Settings = z.output<typeof OptionsShape>
/** What makes rows of messages. */
export type PrepareSettings = Omit<Settings, 'into' | 'deadLetters'>

/** A `ConfigError` names the option that is wrong. */
export function parseOptions(options: unknown): Settings {
  const { success, data, error } = OptionsShape.safeParse(options)
  if (!success) throw invalid(error)
  if (data.map === undefined && data.byType === undefined) {
    throw problem('map', 'is missing', 'give `map`, or `byType` with a map for each type')
  }
  if (data.byType !== undefined) refuseBeside(data)
  return data
}

/** With `byType` each route has its own. */
function refuseBeside(settings: Settings): void {
  for (const name of ['map', 'schema', 'upcast'] as const) {
    if (settings[name] === undefined) continue
    throw problem(name, 'cannot stand beside `byType`', `move \`${name}\` into the routes of \`byType\``)
  }
}

export function isTableRef(value: unknown): value is TableRef {
  return isObject(value) && method(value, 'grants') && isObject(Reflect.get(value, 'database'))
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

function invalid(error: z.ZodError): ConfigError {
  const [first] = error.issues
  if (first?.code === 'unrecognized_keys') {
    const known = Object.keys(OptionsShape.shape).join(', ')
    return problem([...first.path, first.keys[0] ?? ''].join('.'), 'is no option', `remove it; known are ${known}`)
  }
  return problem(
    first?.path.map(String).join('.') || 'options',
    first?.message ?? 'is not valid',
    'correct the option; its default and its unit are in the documentation of ingest()',
  )
}

function problem(key: string, message: string, fix: string): ConfigError {
  return new ConfigError({ code: 'option-invalid', key: `ingest({ ${key} })`, message, fix })
}
