export { kurrentdb } from './kurrentdb.js'
export type { KurrentdbOptions, SubscriptionOptions } from './options.js'
