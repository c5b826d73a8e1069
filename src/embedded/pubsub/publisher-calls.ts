import type { protos } from '@google-cloud/pubsub'
import type { Answer } from './answer.js'
import type { Broker } from './broker.js'
import type { Services } from './services.js'

type Topic = protos.google.pubsub.v1.ITopic
type Published = protos.google.pubsub.v1.IPublishRequest

/** The calls of google.pubsub.v1.Publisher. */
export function publisherCalls(broker: Broker, { encodeMessage }: Services, answer: Answer) {
  return {
    createTopic: answer(({ name }: Topic) => {
      broker.createTopic(name ?? '')
      return { name }
    }),
    getTopic: answer(({ topic }: { readonly topic?: string | null }) => {
      broker.requireTopic(topic ?? '')
      return { name: topic }
    }),
    deleteTopic: answer(({ topic }: { readonly topic?: string | null }) => {
      broker.deleteTopic(topic ?? '')
      return {}
    }),
    publish: answer(({ topic, messages }: Published) => {
      const now = Date.now()
      const publishTime = { seconds: Math.floor(now / 1000), nanos: (now % 1000) * 1_000_000 }
      const messageIds = (messages ?? []).map((message) =>
        broker.publish(topic ?? '', (messageId) => ({
          encoded: encodeMessage({ ...message, messageId, publishTime }),
          key: message.orderingKey ?? '',
          bytes: message.data?.length ?? 0,
        })),
      )
      return { messageIds }
    }),
  }
}
