import type { MethodDefinition } from '@grpc/grpc-js'

/** A message class of the client's generated protocol code. */
interface Codec<Given, Taken> {
  encode(message: Given): { finish(): Uint8Array }
  decode(bytes: Uint8Array): Taken
}

function method<Request, Response>(
  path: string,
  request: Codec<Request, Request>,
  response: Codec<Response, Response>,
): MethodDefinition<Request, Response> {
  return {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: (message) => Buffer.from(request.encode(message).finish()),
    requestDeserialize: (bytes) => request.decode(bytes),
    responseSerialize: (message) => Buffer.from(response.encode(message).finish()),
    responseDeserialize: (bytes) => response.decode(bytes),
  }
}

/** Answers that are already encoded. */
const ENCODED: Codec<Uint8Array, Uint8Array> = {
  encode: (bytes) => ({ finish: () => bytes }),
  decode: (bytes) => bytes,
}

const EMPTY: Codec<object, object> = {
  encode: () => ({ finish: () => new Uint8Array() }),
  decode: () => ({}),
}

/**
 * The calls of google.pubsub.v1 that the double answers, in the encoding of the client's own generated code. Loaded when
 * the double starts, as that code comes with the client library.
 */
export async function loadServices() {
  const { protos } = await import('@google-cloud/pubsub')
  const v1 = protos.google.pubsub.v1
  const publisher = '/google.pubsub.v1.Publisher'
  const subscriber = '/google.pubsub.v1.Subscriber'
  return {
    encodeMessage: (message: ConstructorParameters<typeof v1.PubsubMessage>[0]) =>
      v1.PubsubMessage.encode(message ?? {}).finish(),
    encodeProperties: (properties: { exactlyOnceDeliveryEnabled: boolean; messageOrderingEnabled: boolean }) =>
      v1.StreamingPullResponse.encode({ subscriptionProperties: properties }).finish(),
    publisher: {
      createTopic: method(`${publisher}/CreateTopic`, v1.Topic, v1.Topic),
      getTopic: method(`${publisher}/GetTopic`, v1.GetTopicRequest, v1.Topic),
      deleteTopic: method(`${publisher}/DeleteTopic`, v1.DeleteTopicRequest, EMPTY),
      publish: method(`${publisher}/Publish`, v1.PublishRequest, v1.PublishResponse),
    },
    subscriber: {
      createSubscription: method(`${subscriber}/CreateSubscription`, v1.Subscription, v1.Subscription),
      getSubscription: method(`${subscriber}/GetSubscription`, v1.GetSubscriptionRequest, v1.Subscription),
      deleteSubscription: method(`${subscriber}/DeleteSubscription`, v1.DeleteSubscriptionRequest, EMPTY),
      modifyAckDeadline: method(`${subscriber}/ModifyAckDeadline`, v1.ModifyAckDeadlineRequest, EMPTY),
      acknowledge: method(`${subscriber}/Acknowledge`, v1.AcknowledgeRequest, EMPTY),
      pull: method(`${subscriber}/Pull`, v1.PullRequest, ENCODED),
      streamingPull: {
        ...method(`${subscriber}/StreamingPull`, v1.StreamingPullRequest, ENCODED),
        requestStream: true,
        responseStream: true,
      },
    },
  }
}

export type Services = Awaited<ReturnType<typeof loadServices>>
