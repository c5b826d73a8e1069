import { status } from '@grpc/grpc-js'
import type { Published } from './delivery.js'
import type { Knobs } from './knobs.js'
import { RpcError } from './rpc-error.js'
import { SubscriptionQueue } from './subscription-queue.js'

export interface SubscriptionSpec {
  /** `projects/<project>/subscriptions/<name>` */
  readonly name: string
  /** `projects/<project>/topics/<name>` */
  readonly topic: string
  readonly ackDeadlineSeconds: number
  readonly enableMessageOrdering: boolean
  readonly enableExactlyOnceDelivery: boolean
}

export interface BrokerSubscription {
  readonly spec: SubscriptionSpec
  readonly queue: SubscriptionQueue
}

/** Topics and subscriptions in memory; they outlive the server's connections, not the process. */
export class Broker {
  readonly knobs: Knobs
  readonly #topics = new Map<string, Set<BrokerSubscription>>()
  readonly #subscriptions = new Map<string, BrokerSubscription>()
  #nextId = 1

  constructor(knobs: Knobs) {
    this.knobs = knobs
  }

  createTopic(name: string): void {
    if (this.#topics.has(name)) throw new RpcError(status.ALREADY_EXISTS, `Topic already exists: ${name}`)
    this.#topics.set(name, new Set())
  }

  requireTopic(name: string): ReadonlySet<BrokerSubscription> {
    const topic = this.#topics.get(name)
    if (topic === undefined) throw new RpcError(status.NOT_FOUND, `Resource not found (resource=${name}).`)
    return topic
  }

  deleteTopic(name: string): void {
    this.requireTopic(name)
    this.#topics.delete(name)
  }

  createSubscription(spec: SubscriptionSpec): void {
    this.requireTopic(spec.topic)
    if (this.#subscriptions.has(spec.name)) {
      throw new RpcError(status.ALREADY_EXISTS, `Subscription already exists: ${spec.name}`)
    }
    const subscription = { spec, queue: new SubscriptionQueue(this.knobs, spec.enableMessageOrdering) }
    this.#subscriptions.set(spec.name, subscription)
    this.#topics.get(spec.topic)?.add(subscription)
  }

  requireSubscription(name: string): BrokerSubscription {
    const subscription = this.#subscriptions.get(name)
    if (subscription === undefined) throw new RpcError(status.NOT_FOUND, `Resource not found (resource=${name}).`)
    return subscription
  }

  deleteSubscription(name: string): void {
    const subscription = this.requireSubscription(name)
    this.#subscriptions.delete(name)
    this.#topics.get(subscription.spec.topic)?.delete(subscription)
  }

  /** `encode` is given the id that the message gets. */
  publish(topic: string, encode: (id: string) => Omit<Published, 'id'>): string {
    const subscriptions = this.requireTopic(topic)
    const id = String(this.#nextId++)
    const message = { ...encode(id), id }
    for (const { queue } of subscriptions) queue.add(message)
    return id
  }

  /** Delivers what could not be delivered meanwhile. */
  dispatch(): void {
    for (const { queue } of this.#subscriptions.values()) queue.dispatch()
  }

  expireLeases(): void {
    for (const { queue } of this.#subscriptions.values()) queue.expire()
  }
}
