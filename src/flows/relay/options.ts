import { z } from 'zod'
import type { StreamAlert } from '../../core/alert.js'
import type { Database } from '../../core/database.js'
import { ConfigError } from '../../core/errors.js'
import type { Message } from '../../core/message.js'
import { BATCH_LIMITS, type BatchLimits, type MessageTarget, type Stream } from '../../core/stream.js'
import { AlertShape } from '../alert.js'

/** What a `relay` is made of. */
export interface RelayOptions {
  /** Where the messages come from: `kurrentdb(...)`, `pubsub(...)`, `kafka(...)`, `files(...)`. */
  readonly from: Stream
  /** Where they go: `kafkaTopic(...)`, or another topic or file. */
  readonly to: MessageTarget
  /** Keeps how far the relay is, its dead letters, and who runs it: a topic cannot. */
  readonly state: Database
  /**
   * The key of a message; messages of one key stay in order. Default: the message's own, else the name of its stream
   * where that has an order, so that the events of a stream stay in order.
   */
  readonly key?: (message: Message) => string | undefined
  /** Headers beside those that the message has. Names that begin with `lockstep-` are the relay's own. */
  readonly headers?: (message: Message) => Readonly<Record<string, string>>
  /** Messages for which it answers `false` are left out, and counted. Default: all go. */
  readonly filter?: (message: Message) => boolean
  /** When a batch is closed. Default 1,000 items, 8 MiB or 20 ms. */
  readonly batch?: Partial<BatchLimits>
  /** Batches that are written at the same time, at most. Default 4. */
  readonly lanes?: number
  /**
   * The flow stops, and nothing of the batch is kept as a dead letter, when more than this share of a batch of 20 or more
   * cannot be written. 0 to 1, 1 being never. Default 0.5.
   */
  readonly stopAbove?: number
  /** When people are told, and where: `{ lagAboveMs: 60_000, to: webhook(...) }`. Default: as `alerts` of the config. */
  readonly alert?: StreamAlert
}

const method = (value: unknown, name: string): boolean =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === 'function'
const callable = <Function>(what: string) =>
  z.custom<Function>((value) => typeof value === 'function', `must be a function: ${what}`)

const Shape = z.strictObject({
  from: z.custom<Stream>(
    (value) => method(value, 'source') && method(value, 'diagnose'),
    'must be a stream, e.g. what kurrentdb(), pubsub(), kafka() or files() returns',
  ),
  to: z.custom<MessageTarget>(
    (value) => method(value, 'open') && method(value, 'diagnose'),
    'must be a target of messages, e.g. what kafkaTopic() returns',
  ),
  state: z.custom<Database>(
    (value) => method(value, 'identify') && method(value, 'table'),
    'must be a database, e.g. what postgres() returns',
  ),
  key: callable<NonNullable<RelayOptions['key']>>('(message) => text').optional(),
  headers: callable<NonNullable<RelayOptions['headers']>>('(message) => ({ name: text })').optional(),
  filter: callable<NonNullable<RelayOptions['filter']>>('(message) => boolean').optional(),
  batch: z
    .strictObject({
      items: z.number().int().min(1).default(BATCH_LIMITS.items),
      bytes: z.number().int().min(1).default(BATCH_LIMITS.bytes),
      waitMs: z.number().int().min(0).max(2_147_483_647).default(BATCH_LIMITS.waitMs),
    })
    .prefault({}),
  lanes: z.number().int().min(1).max(256).default(4),
  stopAbove: z.number().min(0).max(1).default(0.5),
  alert: AlertShape.stream,
})

export type RelaySettings = z.output<typeof Shape>

/** A `ConfigError` names the option that is wrong. */
export function parseOptions(options: unknown): RelaySettings {
  const { success, data, error } = Shape.safeParse(options)
  if (success) return data
  const [first] = error.issues
  const unknown = first?.code === 'unrecognized_keys' ? first.keys[0] : undefined
  throw new ConfigError({
    code: 'option-invalid',
    key: `relay({ ${unknown ?? (first?.path.map(String).join('.') || 'options')} })`,
    message: unknown === undefined ? (first?.message ?? 'is not valid') : 'is no option',
    fix:
      unknown === undefined
        ? 'correct the option; its default and its unit are in the documentation of relay()'
        : `remove it; known are ${Object.keys(Shape.shape).join(', ')}`,
  })
}
