import { Server, ServerCredentials } from '@grpc/grpc-js'
import { freePort } from '../free-port.js'
import { type Answer, answering } from './answer.js'
import { Broker } from './broker.js'
import { Gate } from './gate.js'
import { Knobs } from './knobs.js'
import { publisherCalls } from './publisher-calls.js'
import { loadServices, type Services } from './services.js'
import { subscriberCalls } from './subscriber-calls.js'

const EXPIRE_EVERY_MS = 100

export interface EmbeddedPubsubOptions {
  /** Default: a free one. */
  readonly port?: number
  /** Of the knobs' chances. Default 1. */
  readonly seed?: number
}

/**
 * A stand-in for Google Pub/Sub that runs in this process and keeps its messages in memory: it starts in milliseconds and
 * needs neither Docker nor Java. It speaks the part of google.pubsub.v1 that the real client uses to publish and receive:
 * topics, subscriptions, Publish, Pull, StreamingPull with flow control, acknowledgements, leases that run out, ordering
 * keys, and refusals of stale acknowledgements under exactly-once delivery.
 *
 * It is not Pub/Sub: nothing is durable, no one is authenticated, and there are no filters, schemas, push, dead-letter
 * topics, retry policies, snapshots or quotas. It delivers sooner and in better order than the service promises, unless
 * `knobs` say otherwise.
 */
export class EmbeddedPubsub implements AsyncDisposable {
  readonly host = '127.0.0.1'
  readonly port: number
  readonly knobs: Knobs
  readonly #broker: Broker
  readonly #services: Services
  readonly #gate = new Gate()
  readonly #answer: Answer
  readonly #clock: NodeJS.Timeout
  #server: Server | undefined

  private constructor(port: number, services: Services, seed: number) {
    this.port = port
    this.knobs = new Knobs(seed)
    this.#answer = answering(this.#gate, this.knobs)
    this.#services = services
    this.#broker = new Broker(this.knobs)
    this.#clock = setInterval(() => {
      if (!this.#gate.closed) this.#broker.expireLeases()
    }, EXPIRE_EVERY_MS)
    this.#clock.unref()
  }

  static async start({ port, seed = 1 }: EmbeddedPubsubOptions = {}): Promise<EmbeddedPubsub> {
    const double = new EmbeddedPubsub(port ?? (await freePort()), await loadServices(), seed)
    await double.restart()
    return double
  }

  /** For `PUBSUB_EMULATOR_HOST`. */
  get address(): string {
    return `${this.host}:${this.port}`
  }

  /** What a subscription (its full name) has to deliver, has delivered without acknowledgement, and ever delivered. */
  statistics(subscription: string): { readonly waiting: number; readonly leased: number; readonly deliveries: number } {
    const { waiting, leased, deliveries } = this.#broker.requireSubscription(subscription).queue
    return { waiting, leased, deliveries }
  }

  /** Cuts every connection and refuses new ones; messages and leases stay. */
  kill(): void {
    this.#server?.forceShutdown()
    this.#server = undefined
    this.#gate.drop()
  }

  /** Listens again, on the same port. Does nothing while it runs. */
  async restart(): Promise<void> {
    if (this.#server !== undefined) return
    const server = new Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 })
    const house = { answer: this.#answer, gate: this.#gate }
    server.addService(this.#services.publisher, publisherCalls(this.#broker, this.#services, this.#answer))
    server.addService(this.#services.subscriber, subscriberCalls(this.#broker, this.#services, house))
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(this.address, ServerCredentials.createInsecure(), (error) => {
        if (error === null) resolve()
        else reject(error)
      })
    })
    this.#server = server
  }

  /** Frozen, it keeps its connections and answers nothing; what was asked meanwhile is answered afterwards. */
  freeze(frozen: boolean): void {
    if (frozen) {
      this.#gate.close()
    } else {
      this.#gate.open()
      this.#broker.dispatch()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#clock)
    this.kill()
  }
}
