import type { protos } from '@google-cloud/pubsub'
import { type handleUnaryCall, type ServerDuplexStream, status } from '@grpc/grpc-js'
import type { Answer } from './answer.js'
import type { Broker, BrokerSubscription } from './broker.js'
import type { Consumer } from './delivery.js'
import type { Gate } from './gate.js'
import { encodeReceived } from './received-messages.js'
import { RpcError } from './rpc-error.js'
import type { Services } from './services.js'
import { StreamConsumer } from './stream-consumer.js'

type Subscription = protos.google.pubsub.v1.ISubscription
type Named = { readonly subscription?: string | null }
type Acks = protos.google.pubsub.v1.IAcknowledgeRequest
type Modify = protos.google.pubsub.v1.IModifyAckDeadlineRequest
type Pull = protos.google.pubsub.v1.IPullRequest
type StreamingPull = protos.google.pubsub.v1.IStreamingPullRequest

/** How long a Pull waits for a first message. */
const PULL_MS = 1_000

/** The calls of google.pubsub.v1.Subscriber. */
export function subscriberCalls(broker: Broker, services: Services, { answer, gate }: { answer: Answer; gate: Gate }) {
  return {
    createSubscription: answer((request: Subscription) => {
      const spec = {
        name: request.name ?? '',
        topic: request.topic ?? '',
        ackDeadlineSeconds: request.ackDeadlineSeconds || 10,
        enableMessageOrdering: request.enableMessageOrdering ?? false,
        enableExactlyOnceDelivery: request.enableExactlyOnceDelivery ?? false,
      }
      broker.createSubscription(spec)
      return spec
    }),
    getSubscription: answer(({ subscription }: Named) => broker.requireSubscription(subscription ?? '').spec),
    deleteSubscription: answer(({ subscription }: Named) => {
      broker.deleteSubscription(subscription ?? '')
      return {}
    }),
    acknowledge: answer(({ subscription, ackIds }: Acks) => {
      const found = broker.requireSubscription(subscription ?? '')
      refuseStale(found, found.queue.acknowledge(ackIds ?? []))
      return {}
    }),
    modifyAckDeadline: answer(({ subscription, ackIds, ackDeadlineSeconds }: Modify) => {
      const found = broker.requireSubscription(subscription ?? '')
      refuseStale(found, found.queue.modify(ackIds ?? [], (ackDeadlineSeconds ?? 0) * 1000))
      return {}
    }),
    pull: pull(broker, gate),
    streamingPull: (call: ServerDuplexStream<StreamingPull, Uint8Array>) => {
      new StreamConsumer(call, { broker, services, gate }).begin()
    },
  }
}

/** Only with exactly-once delivery is an id refused whose lease ran out. */
export function refuseStale({ spec }: BrokerSubscription, stale: readonly string[]): void {
  if (!spec.enableExactlyOnceDelivery || stale.length === 0) return
  const reasons = new Map(stale.map((ackId) => [ackId, 'PERMANENT_FAILURE_INVALID_ACK_ID']))
  throw new RpcError(status.FAILED_PRECONDITION, 'Some acknowledgement ids are invalid.', reasons)
}

function pull(broker: Broker, gate: Gate): handleUnaryCall<Pull, Uint8Array> {
  return ({ request }, callback) =>
    gate.pass(() => {
      try {
        const { spec, queue } = broker.requireSubscription(request.subscription ?? '')
        const done = (bytes: Uint8Array): void => {
          clearTimeout(late)
          queue.leave(consumer)
          consumer.ready = false
          gate.pass(() => callback(null, bytes))
        }
        const late = setTimeout(() => done(new Uint8Array()), request.returnImmediately ? 0 : PULL_MS)
        const consumer: Consumer = {
          maxMessages: request.maxMessages ?? 1,
          maxBytes: Number.POSITIVE_INFINITY,
          leaseMs: spec.ackDeadlineSeconds * 1000,
          messages: 0,
          bytes: 0,
          ready: true,
          send: (leases) => done(encodeReceived(leases)),
        }
        queue.join(consumer)
      } catch (error) {
        callback(error instanceof RpcError ? error : new RpcError(status.INTERNAL, String(error)))
      }
    })
}
