import type { KurrentDBClient } from '@kurrent/kurrentdb-client'
import { z } from 'zod'
import { ConfigError } from '../../core/errors.js'
import { Secret } from '../../core/secret.js'
import { ALL } from './place.js'

export interface KurrentdbOptions {
  /**
   * `kurrentdb://user:password@host:2113`, or `esdb://`, with the options that the client knows. TLS is on unless it says
   * `tls=false`. Keep-alive is 10 s and 5 s unless it says otherwise, so a frozen server is noticed within 15 s.
   */
  readonly url?: string | Secret
  /** A client to use instead of `url`. Whoever made it disposes of it, and sets its keep-alive. */
  readonly client?: KurrentDBClient
  /** Default `$all`. */
  readonly stream?: string
  /**
   * Only events whose type begins with one of these, or that match; of `$all` only, filtered by the server. Default: all
   * but those of the server itself, whose type begins with `$`. A filter that lets more through later does not bring
   * back what was passed over.
   */
  readonly types?: readonly string[] | RegExp
  /** The same by the name of the stream; at most one of the two. */
  readonly streams?: readonly string[] | RegExp
  /** Read the event that a link points to. Default `true` for one stream (`$ce-...`), `false` for `$all`. */
  readonly resolveLinkTos?: boolean
  /** Where to begin when no position is saved. Default `start`. */
  readonly from?: 'start' | 'end'
  /** Share the work with other consumers through a persistent subscription; the server then keeps the position. */
  readonly subscription?: SubscriptionOptions
  /** Time to connect and be answered, in ms. Default 10000. */
  readonly connectMs?: number
}

export interface SubscriptionOptions {
  readonly group: string
  /** Create the group when it is missing, with the settings below and the filter above. Default `false`. */
  readonly create?: boolean
  /** Events that this consumer may hold at a time. Default a batch for each lane and two more, at least 1000. */
  readonly bufferSize?: number
  /**
   * Of a group that is created: after how many ms the server gives an event out again that was not acknowledged. It
   * cannot be prolonged, so it should be longer than the longest write. Default 60000.
   */
  readonly messageTimeoutMs?: number
  /**
   * Of a group that is created: after how many deliveries the server parks an event. Poison becomes a dead letter of the
   * flow, so only a target that is down, or many restarts, make deliveries; parked events are not delivered. Default
   * 1000000.
   */
  readonly maxRetries?: number
  /** Of a group that is created. Default `pinned`: events of one stream go to one consumer, as far as may be. */
  readonly strategy?: 'pinned' | 'round-robin' | 'dispatch-to-single'
}

/** What the server filters by. */
export interface Filter {
  readonly by: 'type' | 'stream'
  readonly expression: { readonly prefixes: readonly string[] } | { readonly regex: string }
}

export interface Group {
  readonly name: string
  readonly create: boolean
  readonly bufferSize: number | undefined
  readonly messageTimeoutMs: number
  readonly maxRetries: number
  readonly strategy: 'pinned' | 'round-robin' | 'dispatch-to-single'
}

export interface Settings {
  readonly url: Secret | undefined
  readonly client: KurrentDBClient | undefined
  readonly stream: string
  /** Of `$all`. */
  readonly filter: Filter | undefined
  /** Leave out events whose type begins with `$`, also where the server cannot. */
  readonly skipsSystemEvents: boolean
  readonly resolveLinks: boolean
  readonly from: 'start' | 'end'
  readonly group: Group | undefined
  readonly connectMs: number
}

const ms = z.number().int().min(1).max(2_147_483_647)
const pattern = z
  .union([
    z.array(z.string().min(1)).min(1),
    z.instanceof(RegExp).refine(({ flags }) => flags === '', 'a RegExp without flags'),
  ])
  .optional()

const Options = z.strictObject({
  url: z.union([z.string().min(1), z.instanceof(Secret)]).optional(),
  client: z.custom<KurrentDBClient>((value) => typeof value === 'object' && value !== null).optional(),
  stream: z.string().min(1).default(ALL),
  types: pattern,
  streams: pattern,
  resolveLinkTos: z.boolean().optional(),
  from: z.enum(['start', 'end']).default('start'),
  subscription: z
    .strictObject({
      group: z.string().min(1),
      create: z.boolean().default(false),
      bufferSize: z.number().int().min(1).max(100_000).optional(),
      messageTimeoutMs: ms.default(60_000),
      maxRetries: z.number().int().min(0).max(2_147_483_647).default(1_000_000),
      strategy: z.enum(['pinned', 'round-robin', 'dispatch-to-single']).default('pinned'),
    })
    .optional(),
  connectMs: ms.default(10_000),
})

/** Fills in defaults; a `ConfigError` names the option that is wrong. */
export function parseOptions(options: KurrentdbOptions): Settings {
  const { success, data, error } = Options.safeParse(options)
  if (!success) throw invalid(error)
  const { stream, types, streams, subscription, connectMs, from } = data
  if ((data.url === undefined) === (data.client === undefined)) {
    throw refused('url', 'exactly one of url and client is needed', 'Give the connection string, or a client.')
  }
  if (stream !== ALL && (types ?? streams) !== undefined) {
    const fix = 'Leave out stream to read $all with a filter, or choose by type in the flow (byType).'
    throw refused(types === undefined ? 'streams' : 'types', `the server filters ${ALL} only, not the stream`, fix)
  }
  if (types !== undefined && streams !== undefined) {
    throw refused('streams', 'the server filters by one of types and streams', 'Leave one out.')
  }
  return {
    url: typeof data.url === 'string' ? new Secret(data.url) : data.url,
    client: data.client,
    stream,
    filter: stream === ALL ? filterOf(types, streams) : undefined,
    skipsSystemEvents: stream === ALL && !wantsSystemEvents(types),
    resolveLinks: data.resolveLinkTos ?? stream !== ALL,
    from,
    group: subscription === undefined ? undefined : groupOf(subscription),
    connectMs,
  }
}

type Pattern = z.infer<typeof pattern>

function filterOf(types: Pattern, streams: Pattern): Filter {
  if (streams !== undefined) return { by: 'stream', expression: expressionOf(streams) }
  return { by: 'type', expression: types === undefined ? { regex: '^[^$].*' } : expressionOf(types) }
}

function expressionOf(given: NonNullable<Pattern>): Filter['expression'] {
  return given instanceof RegExp ? { regex: given.source } : { prefixes: given }
}

function wantsSystemEvents(types: Pattern): boolean {
  return types instanceof RegExp || (types?.some((prefix) => prefix.startsWith('$')) ?? false)
}

function groupOf({ group, bufferSize, ...rest }: NonNullable<z.infer<typeof Options>['subscription']>): Group {
  return { name: group, bufferSize, ...rest }
}

function invalid(error: z.ZodError): ConfigError {
  const [first] = error.issues
  const unknown = first?.code === 'unrecognized_keys'
  const key = unknown ? first.keys[0] : first?.path.join('.')
  const fix = unknown
    ? `Remove it; known are ${Object.keys(Options.shape).join(', ')}.`
    : 'Correct the option; its default is in the documentation of kurrentdb().'
  return refused(String(key ?? 'options'), first?.message ?? 'is not valid', fix)
}

function refused(option: string, message: string, fix: string): ConfigError {
  return new ConfigError({ code: 'option-invalid', key: `kurrentdb({ ${option} })`, message, fix })
}
