import type { v1 } from '@google-cloud/pubsub'
import { missingPeer } from '../../core/missing-peer.js'
import type { Access } from './options.js'
import { within } from './within.js'

const CONNECT_MS = 10_000

/**
 * A connection of its own for each client, so that a new client never gets one that is dead; and soon tried again when
 * it broke: waiting longer is the engine's business.
 */
const CHANNEL = { 'grpc.use_local_subchannel_pool': 1, 'grpc.max_reconnect_backoff_ms': 1_000 }

/** Where nobody is authenticated the library need not search for credentials, which takes it seconds. */
const NO_LOOKUP = { clientOptions: { universeDomain: 'googleapis.com' } }

interface Client {
  initialize(): Promise<unknown>
  close(): Promise<void>
}

/** A client that is made on first use, and made anew once its connection is suspected to be dead. */
export class Link<Made extends Client> {
  readonly #make: () => Promise<Made>
  #current: Promise<Made> | undefined

  constructor(make: () => Promise<Made>) {
    this.#make = make
  }

  async client(): Promise<Made> {
    this.#current ??= this.#open()
    return this.#current
  }

  /** The next to ask for a client gets another one. What is under way on this one is left to end. */
  async suspect(client: Made): Promise<void> {
    if ((await this.#current?.catch(() => undefined)) !== client) return
    this.#current = undefined
    await client.close().catch(() => undefined)
  }

  async close(): Promise<void> {
    const current = await this.#current?.catch(() => undefined)
    this.#current = undefined
    await current?.close().catch(() => undefined)
  }

  async #open(): Promise<Made> {
    const opening = this.#make()
    try {
      const client = await within(CONNECT_MS, 'the credentials for Pub/Sub', opening)
      return client
    } catch (error) {
      this.#current = undefined
      // Should it come after all, nobody uses it.
      opening.then((client) => client.close()).catch(() => undefined)
      throw error
    }
  }
}

/** The client's own lower layer: its upper one makes promises per message and never tells whether an ack arrived. */
export function subscriberLink(access: Access): Link<v1.SubscriberClient> {
  return new Link(async () => {
    const { library, config } = await load(access, 'pubsub')
    return initialized(new library.v1.SubscriberClient(config))
  })
}

export function publisherLink(access: Access, factory: string): Link<v1.PublisherClient> {
  return new Link(async () => {
    const { library, config } = await load(access, factory)
    return initialized(new library.v1.PublisherClient(config))
  })
}

async function load({ client, emulatorHost, project: projectId }: Access, factory: string) {
  const library = await import('@google-cloud/pubsub').catch(
    missingPeer({ name: '@google-cloud/pubsub', install: '@google-cloud/pubsub', key: `${factory}()` }),
  )
  const emulator = emulatorHost === undefined ? {} : { apiEndpoint: emulatorHost, emulatorMode: true }
  const pubsub = client ?? new library.PubSub({ projectId, ...emulator })
  const { port, ...rest } = await pubsub.getClientConfig()
  const address = port === undefined ? {} : { port: Number(port) }
  return { library, config: { ...rest, ...address, ...CHANNEL, ...(pubsub.isEmulator ? NO_LOOKUP : {}) } }
}

/** Before its first call: a call whose initialization fails would end the process with an unhandled rejection. */
async function initialized<Made extends Client>(client: Made): Promise<Made> {
  await client.initialize()
  return client
}
