import { isUtf8 } from 'node:buffer'
import type { Message, OutgoingMessage } from '../../core/message.js'
import { RELAY_HEADERS } from '../../core/relay-headers.js'
import type { RelaySettings } from './options.js'

/** A message on its way, with all that makes it whole again at the other end. */
export function outgoing(message: Message, { key, headers }: Pick<RelaySettings, 'key' | 'headers'>): OutgoingMessage {
  return {
    key: key === undefined ? ownKey(message) : key(message),
    body: message.body,
    headers: { ...message.headers, ...headers?.(message), ...origin(message) },
  }
}

/** In a stream with an order all messages are of one key, unless they say otherwise. */
function ownKey({ key, stream, revision }: Message): string | undefined {
  return key ?? (revision === undefined ? undefined : stream)
}

function origin({ id, stream, revision, type, publishedAt, metadata }: Message): Record<string, string> {
  const headers: Record<string, string> = { [RELAY_HEADERS.id]: id, [RELAY_HEADERS.stream]: stream }
  if (revision !== undefined) headers[RELAY_HEADERS.revision] = String(revision)
  if (type !== undefined) headers[RELAY_HEADERS.type] = type
  if (publishedAt !== undefined) headers[RELAY_HEADERS.time] = String(publishedAt)
  if (metadata !== undefined && isUtf8(metadata)) headers[RELAY_HEADERS.metadata] = Buffer.from(metadata).toString()
  return headers
}
