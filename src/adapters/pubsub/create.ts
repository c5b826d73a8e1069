import type { v1 } from '@google-cloud/pubsub'
import { ConfigError } from '../../core/errors.js'
import { codeOf, translate } from './errors.js'
import { publisherLink, subscriberLink } from './link.js'
import type { Access, Settings } from './options.js'

const OPTIONS = { timeout: 10_000, retry: null }
/** Only what is not read by lockstep falls back to this. */
const ACK_DEADLINE_SECONDS = 60

/** Makes topic and subscription where they are missing. */
export async function createSubscription(settings: Settings): Promise<void> {
  const { topic, subscription: name, access } = settings
  if (topic === undefined) return
  await createTopic(topic, access, 'pubsub')
  const link = subscriberLink(access)
  const enableMessageOrdering = settings.ordered
  try {
    const client = await link.client()
    const wanted = { name, topic, enableMessageOrdering, ackDeadlineSeconds: ACK_DEADLINE_SECONDS }
    const made = await created(client.createSubscription(wanted, OPTIONS))
    if (!made && enableMessageOrdering) await requireOrdered(client, name)
  } catch (error) {
    throw translate(error, { kind: 'subscription', name, factory: 'pubsub' })
  } finally {
    await link.close()
  }
}

export async function createTopic(name: string, access: Access, factory: string): Promise<void> {
  const link = publisherLink(access, factory)
  try {
    const client = await link.client()
    await created(client.createTopic({ name }, OPTIONS))
  } catch (error) {
    throw translate(error, { kind: 'topic', name, factory })
  } finally {
    await link.close()
  }
}

/** False when it is there already. */
async function created(call: Promise<unknown>): Promise<boolean> {
  try {
    await call
    return true
  } catch (error) {
    if (codeOf(error) === 'ALREADY_EXISTS') return false
    throw error
  }
}

async function requireOrdered(client: v1.SubscriberClient, subscription: string): Promise<void> {
  const [{ enableMessageOrdering }] = await client.getSubscription({ subscription }, OPTIONS)
  if (enableMessageOrdering) return
  throw new ConfigError({
    code: 'subscription-unordered',
    key: 'pubsub({ ordered })',
    message: `${subscription} was made without message ordering, which cannot be changed`,
    fix: 'Delete the subscription and let it be made again, name another, or leave out `ordered`.',
  })
}
