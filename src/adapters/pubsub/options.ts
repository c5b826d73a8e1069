import type { PubSub } from '@google-cloud/pubsub'
import { z } from 'zod'
import { ConfigError } from '../../core/errors.js'

/** How Pub/Sub is reached. */
export interface AccessOptions {
  /** Id of the project, where the subscription or topic is given without one. */
  readonly project: string
  /** Address of an emulator, `host:port`. Default the environment's `PUBSUB_EMULATOR_HOST`, else Google's service. */
  readonly emulatorHost?: string
  /** A `PubSub` with credentials and options of its own; default one with the application default credentials. */
  readonly client?: PubSub
}

export interface PubsubOptions extends AccessOptions {
  /** Its short name, or `projects/<project>/subscriptions/<name>`. */
  readonly subscription: string
  /** The topic to subscribe to; needed only with `create`. */
  readonly topic?: string
  /** Make topic and subscription when they are missing. Default `false`: a missing one is a `ConfigError`. */
  readonly create?: boolean
  /** What `create` makes keeps the order of messages with one ordering key. Default `false`. */
  readonly ordered?: boolean
  /** Messages held at the same time at most, from their arrival until they are stored. Default 10,000. */
  readonly maxMessages?: number
  /** Bytes of their bodies at most; a single greater message still comes. Default 64 MiB. */
  readonly maxBytes?: number
  /**
   * Streams that are open side by side, as the service delivers only so much on each. Default 5, as in the client, but no more
   * than messages of 10 MB fit into `maxBytes`.
   */
  readonly streams?: number
  /**
   * For how long messages are leased at a time, in ms: leases are renewed while their batch waits, so this is how soon
   * another instance gets them when this one is killed. 10,000 to 600,000; default 30,000.
   */
  readonly leaseMs?: number
  /** After this time, in ms, a message's lease is not renewed any more and it comes again. Default 3,600,000. */
  readonly maxExtensionMs?: number
  /**
   * After how much silence the server is asked whether it is there, and how long its answer may take, in ms. A frozen
   * server is noticed after both. Default 5,000.
   */
  readonly silenceMs?: number
  /** How long nothing must come for `--until-caught-up` to hold, in ms. Default 2,000. */
  readonly quietMs?: number
}

export interface PubsubTopicOptions extends AccessOptions {
  /** Its short name, or `projects/<project>/topics/<name>`. */
  readonly topic: string
  /** Make it when it is missing. Default `false`. */
  readonly create?: boolean
  /**
   * Send a message's key as its ordering key. Pub/Sub takes one key per request, so a batch costs as many requests as it
   * has keys. Default `true`; `false` sends no keys.
   */
  readonly ordered?: boolean
}

export interface Access {
  readonly emulatorHost: string | undefined
  readonly client: PubSub | undefined
  readonly project: string
}

export interface Settings {
  readonly access: Access
  /** Full name. */
  readonly subscription: string
  /** Full name. */
  readonly topic: string | undefined
  readonly create: boolean
  readonly ordered: boolean
  readonly maxMessages: number
  readonly maxBytes: number
  readonly streams: number
  readonly leaseMs: number
  readonly maxExtensionMs: number
  readonly silenceMs: number
  readonly quietMs: number
}

export interface TopicSettings {
  readonly access: Access
  /** Full name. */
  readonly topic: string
  readonly create: boolean
  readonly ordered: boolean
}

const ms = z.number().int().min(1).max(2_147_483_647)
const NAME = /^(projects\/[^/\s]+\/(subscriptions|topics)\/)?[A-Za-z][\w.~+%-]{2,254}$/
const name = z.string().regex(NAME, 'a name of 3 to 255 letters, digits and -_.~+%, that begins with a letter')

const access = {
  project: z.string().min(1, 'the id of a Google Cloud project'),
  emulatorHost: z
    .string()
    .regex(/^[^\s/]+:\d+$/, 'host:port')
    .optional(),
  client: z
    .custom<PubSub>((client) => typeof client === 'object' && client !== null && 'getClientConfig' in client, {
      message: 'a PubSub of @google-cloud/pubsub',
    })
    .optional(),
}

const Options = z.strictObject({
  ...access,
  subscription: name,
  topic: name.optional(),
  create: z.boolean().default(false),
  ordered: z.boolean().default(false),
  maxMessages: z.number().int().min(1).max(1_000_000).default(10_000),
  maxBytes: z
    .number()
    .int()
    .min(1)
    .default(64 * 1024 * 1024),
  streams: z.number().int().min(1).max(100).default(5),
  leaseMs: z.number().int().min(10_000).max(600_000).default(30_000),
  maxExtensionMs: ms.default(3_600_000),
  silenceMs: ms.default(5_000),
  quietMs: ms.default(2_000),
})

const TopicOptions = z.strictObject({
  ...access,
  topic: name,
  create: z.boolean().default(false),
  ordered: z.boolean().default(true),
})

/** Fills in defaults; a `ConfigError` names the option that is wrong. */
export function parseOptions(options: PubsubOptions): Settings {
  const { success, data, error } = Options.safeParse(options)
  if (!success) throw invalid('pubsub', error, Object.keys(Options.shape))
  if (data.create && data.topic === undefined) {
    throw new ConfigError({
      code: 'option-invalid',
      key: 'pubsub({ topic })',
      message: 'a subscription can only be created for a topic',
      fix: 'Name the topic, or leave out `create`.',
    })
  }
  const { project, emulatorHost, client, subscription, topic, ...rest } = data
  return {
    ...rest,
    access: { project, emulatorHost, client },
    subscription: fullName(project, 'subscriptions', subscription),
    topic: topic === undefined ? undefined : fullName(project, 'topics', topic),
  }
}

export function parseTopicOptions(options: PubsubTopicOptions): TopicSettings {
  const { success, data, error } = TopicOptions.safeParse(options)
  if (!success) throw invalid('pubsubTopic', error, Object.keys(TopicOptions.shape))
  const { project, emulatorHost, client, topic, create, ordered } = data
  return { access: { project, emulatorHost, client }, topic: fullName(project, 'topics', topic), create, ordered }
}

function fullName(project: string, kind: 'subscriptions' | 'topics', given: string): string {
  return given.includes('/') ? given : `projects/${project}/${kind}/${given}`
}

function invalid(factory: string, error: z.ZodError, known: readonly string[]): ConfigError {
  const [first] = error.issues
  const key = first?.code === 'unrecognized_keys' ? first.keys[0] : first?.path[0]
  return new ConfigError({
    code: 'option-invalid',
    key: `${factory}({ ${String(key ?? 'options')} })`,
    message: first?.message ?? 'is not valid',
    fix:
      first?.code === 'unrecognized_keys'
        ? `Remove it; known are ${known.join(', ')}.`
        : `Correct the option; its default is in the documentation of ${factory}().`,
  })
}
