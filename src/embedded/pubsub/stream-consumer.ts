import type { protos } from '@google-cloud/pubsub'
import { Metadata, type ServerDuplexStream, status } from '@grpc/grpc-js'
import { refuseIf } from './answer.js'
import type { Broker, BrokerSubscription } from './broker.js'
import type { Consumer, Lease } from './delivery.js'
import type { Gate } from './gate.js'
import { encodeReceived } from './received-messages.js'
import { RpcError } from './rpc-error.js'
import type { Services } from './services.js'

type Request = protos.google.pubsub.v1.IStreamingPullRequest

interface House {
  readonly broker: Broker
  readonly services: Services
  readonly gate: Gate
}

/** One StreamingPull. Its first request names the subscription and the limits; later ones may acknowledge and extend. */
export class StreamConsumer implements Consumer {
  readonly #call: ServerDuplexStream<Request, Uint8Array>
  readonly #house: House
  #subscription: BrokerSubscription | undefined
  #connected = true
  #drained = true
  maxMessages = Number.POSITIVE_INFINITY
  maxBytes = Number.POSITIVE_INFINITY
  leaseMs = 10_000
  messages = 0
  bytes = 0

  constructor(call: ServerDuplexStream<Request, Uint8Array>, house: House) {
    this.#call = call
    this.#house = house
  }

  get ready(): boolean {
    return this.#connected && this.#drained && !this.#house.gate.closed
  }

  begin(): void {
    const call = this.#call
    call.on('data', (request: Request) => this.#house.gate.pass(() => this.#received(request)))
    call.on('drain', () => {
      this.#drained = true
      this.#subscription?.queue.dispatch()
    })
    call.on('end', () => {
      this.#leave()
      this.#house.gate.pass(() => call.end())
    })
    for (const event of ['cancelled', 'error', 'close']) call.on(event, () => this.#leave())
  }

  send(leases: readonly Lease[]): void {
    this.#drained = this.#call.write(encodeReceived(leases))
  }

  #received(request: Request): void {
    try {
      if (this.#subscription === undefined) this.#open(request)
      const { queue } = this.#subscription ?? {}
      if (request.streamAckDeadlineSeconds) this.leaseMs = request.streamAckDeadlineSeconds * 1000
      queue?.acknowledge(request.ackIds ?? [])
      const deadlines = request.modifyDeadlineSeconds ?? []
      ;(request.modifyDeadlineAckIds ?? []).forEach((ackId, at) => {
        queue?.modify([ackId], (deadlines[at] ?? 0) * 1000)
      })
    } catch (error) {
      this.#leave()
      this.#call.emit('error', error instanceof RpcError ? error : new RpcError(status.INTERNAL, String(error)))
    }
  }

  #open(request: Request): void {
    const { broker, services } = this.#house
    refuseIf(broker.knobs)
    const subscription = broker.requireSubscription(request.subscription ?? '')
    this.#subscription = subscription
    this.maxMessages = Number(request.maxOutstandingMessages ?? 0) || Number.POSITIVE_INFINITY
    this.maxBytes = Number(request.maxOutstandingBytes ?? 0) || Number.POSITIVE_INFINITY
    this.#call.sendMetadata(new Metadata())
    const { enableExactlyOnceDelivery, enableMessageOrdering } = subscription.spec
    this.#call.write(
      services.encodeProperties({
        exactlyOnceDeliveryEnabled: enableExactlyOnceDelivery,
        messageOrderingEnabled: enableMessageOrdering,
      }),
    )
    subscription.queue.join(this)
  }

  #leave(): void {
    this.#connected = false
    this.#subscription?.queue.leave(this)
  }
}
