export type { WebhookOptions } from './options.js'
export { webhook } from './webhook.js'
