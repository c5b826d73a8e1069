import type { v1 } from '@google-cloud/pubsub'
import type { Diagnosis } from '../../core/diagnosis.js'
import { ConfigError, UnavailableError } from '../../core/errors.js'
import type { OutgoingMessage } from '../../core/message.js'
import type { MessageTarget, MessageWriter } from '../../core/stream.js'
import { createTopic } from './create.js'
import { codeOf, isSilence, translate } from './errors.js'
import { type Link, publisherLink } from './link.js'
import { type PubsubTopicOptions, parseTopicOptions, type TopicSettings } from './options.js'
import { type PublishGroup, publishGroups } from './publish-groups.js'
import { labelOf } from './stream.js'
import { unlessAborted } from './within.js'

const PUBLISH_MS = 10_000
const DIAGNOSE_MS = 10_000
/** Keys that are published at the same time. */
const CONCURRENCY = 16

/**
 * A Google Pub/Sub topic to publish to, for dead letters and `relay`; needs the package `@google-cloud/pubsub`. A message
 * of the topic has the body as its data and the headers as its attributes. Throws a `ConfigError` for an option that is
 * wrong; nothing is connected yet.
 */
export function pubsubTopic(options: PubsubTopicOptions): MessageTarget {
  const settings = parseTopicOptions(options)
  const label = labelOf(settings.topic)
  return {
    system: 'pubsub',
    label,
    open: () => new TopicWriter(settings),
    diagnose: async (signal) => (await unlessAborted(signal, diagnose(settings, label))) ?? [],
  }
}

class TopicWriter implements MessageWriter {
  readonly #settings: TopicSettings
  readonly #link: Link<v1.PublisherClient>
  #created = false

  constructor(settings: TopicSettings) {
    this.#settings = settings
    this.#link = publisherLink(settings.access, 'pubsubTopic')
  }

  async write(messages: readonly OutgoingMessage[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const groups = publishGroups(messages, this.#settings)
    try {
      await this.#create()
      const left = groups.values()
      // Each worker takes the next key; requests of one key follow one another.
      await Promise.all(Array.from({ length: Math.min(CONCURRENCY, groups.length) }, () => this.#work(left, signal)))
    } catch (error) {
      signal.throwIfAborted()
      throw translate(error, { kind: 'topic', name: this.#settings.topic, factory: 'pubsubTopic' })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#link.close()
  }

  async #work(groups: Iterator<PublishGroup>, signal: AbortSignal): Promise<void> {
    for (let next = groups.next(); !next.done; next = groups.next()) {
      for (const messages of next.value) await this.#publish(messages, signal)
    }
  }

  async #publish(messages: PublishGroup[number], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const client = await this.#link.client()
    // Not bundled with other calls: a batch is a bundle already.
    const options = { timeout: PUBLISH_MS, retry: null, isBundling: false }
    const call = client.publish({ topic: this.#settings.topic, messages: [...messages] }, options)
    try {
      const answer = await unlessAborted(signal, call)
      if (answer === undefined) signal.throwIfAborted()
      const [{ messageIds } = {}] = answer ?? []
      if (messageIds?.length !== messages.length) {
        throw new UnavailableError('publish-unconfirmed', `${this.#settings.topic}: not all messages were confirmed`)
      }
    } catch (error) {
      if (isSilence(error)) await this.#link.suspect(client)
      throw error
    }
  }

  async #create(): Promise<void> {
    const { create, topic, access } = this.#settings
    if (create && !this.#created) await createTopic(topic, access, 'pubsubTopic')
    this.#created = true
  }
}

async function diagnose({ access, topic, create }: TopicSettings, subject: string): Promise<readonly Diagnosis[]> {
  const link = publisherLink(access, 'pubsubTopic')
  try {
    const client = await link.client()
    await client.getTopic({ topic }, { timeout: DIAGNOSE_MS, retry: null })
    return [{ level: 'ok', subject, message: 'the topic is there' }]
  } catch (cause) {
    if (codeOf(cause) === 'PERMISSION_DENIED') {
      const message =
        'the server answers, but this account may not look at the topic; to publish may be allowed all the same'
      return [{ level: 'warn', subject, message, fix: 'grant roles/pubsub.viewer for a full diagnosis' }]
    }
    const error = translate(cause, { kind: 'topic', name: topic, factory: 'pubsubTopic' })
    if (error.code === 'topic-missing' && create) {
      return [{ level: 'ok', subject, message: 'the topic is missing; it will be created' }]
    }
    if (error instanceof ConfigError) return [{ level: 'error', subject, message: error.problem, fix: error.fix }]
    return [{ level: 'error', subject, message: error.message }]
  } finally {
    await link.close()
  }
}
