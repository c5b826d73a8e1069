import type { AlertSink } from '../../core/alert.js'
import type { Secret } from '../../core/secret.js'
import { systemResolve } from './lookup.js'
import { parseWebhook, type WebhookOptions } from './options.js'
import { WebhookSink } from './webhook-sink.js'

/**
 * A place for alerts: a POST for each message. The address is a secret, and no more of it than its origin is printed. It is
 * sent to over https only, to hosts that the config names and that resolve to public addresses (see `allowPrivate`); no
 * redirect is followed. Making one opens nothing.
 *
 * @throws ConfigError when the address or an option is wrong.
 */
export function webhook(url: string | Secret, options: WebhookOptions = {}): AlertSink {
  return new WebhookSink(parseWebhook(url, options), systemResolve)
}
