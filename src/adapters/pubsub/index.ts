export type { AccessOptions, PubsubOptions, PubsubTopicOptions } from './options.js'
export { pubsub } from './stream.js'
export { pubsubTopic } from './topic.js'
