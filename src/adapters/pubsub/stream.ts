import type { Diagnosis } from '../../core/diagnosis.js'
import { ConfigError } from '../../core/errors.js'
import type { Stream } from '../../core/stream.js'
import { SubscriberCalls } from './calls.js'
import { translate } from './errors.js'
import { subscriberLink } from './link.js'
import { type PubsubOptions, parseOptions, type Settings } from './options.js'
import { PubsubSource } from './source.js'
import { unlessAborted } from './within.js'

const DIAGNOSE_MS = 10_000

/**
 * A Google Pub/Sub subscription as a stream; needs the package `@google-cloud/pubsub`. Any number of instances may read
 * one subscription. Messages with an ordering key keep their order, within the lane of the key; others are spread over
 * the lanes by whole batches. Throws a `ConfigError` for an option that is wrong; nothing is connected yet.
 */
export function pubsub(options: PubsubOptions): Stream {
  const settings = parseOptions(options)
  const label = labelOf(settings.subscription)
  return {
    system: 'pubsub',
    label,
    source: (streamOptions) => new PubsubSource(settings, streamOptions),
    diagnose: async (signal) => (await unlessAborted(signal, diagnose(settings, label))) ?? [],
  }
}

/** `pubsub://project/name` */
export function labelOf(fullName: string): string {
  const [, project, , name] = fullName.split('/')
  return `pubsub://${project}/${name}`
}

async function diagnose(settings: Settings, subject: string): Promise<readonly Diagnosis[]> {
  const link = subscriberLink(settings.access)
  try {
    const found = await new SubscriberCalls(link, settings.subscription).describe(DIAGNOSE_MS)
    return diagnosesOf(found, subject)
  } catch (cause) {
    return [failure(cause, settings, subject)]
  } finally {
    await link.close()
  }
}

type Description = Awaited<ReturnType<SubscriberCalls['describe']>>

function diagnosesOf(found: Description, subject: string): readonly Diagnosis[] {
  const elsewhere = [found.pushConfig?.pushEndpoint, found.bigqueryConfig?.table, found.cloudStorageConfig?.bucket]
  if (elsewhere.some((target) => target)) {
    const message =
      'the subscription delivers elsewhere by itself (push, BigQuery or Cloud Storage), so it cannot be read'
    return [{ level: 'error', subject, message, fix: 'make a pull subscription of the same topic' }]
  }
  if (found.detached || found.topic === '_deleted-topic_') {
    const message = 'the subscription has no topic any more: nothing new will come'
    return [{ level: 'error', subject, message, fix: 'make a new subscription of the topic' }]
  }
  const order = found.enableMessageOrdering ? 'keeps the order of each key' : 'keeps no order'
  return [{ level: 'ok', subject, message: `the subscription is there; it ${order}` }]
}

function failure(cause: unknown, settings: Settings, subject: string): Diagnosis {
  const error = translate(cause, { kind: 'subscription', name: settings.subscription, factory: 'pubsub' })
  if (error.code === 'pubsub-permission') {
    const message =
      'the server answers, but this account may not look at the subscription; to read it may be allowed all the same'
    return { level: 'warn', subject, message, fix: 'grant roles/pubsub.viewer for a full diagnosis' }
  }
  if (error.code === 'subscription-missing' && settings.create) {
    return { level: 'ok', subject, message: 'the subscription is missing; it will be created' }
  }
  if (error instanceof ConfigError) return { level: 'error', subject, message: error.problem, fix: error.fix }
  return { level: 'error', subject, message: error.message }
}
