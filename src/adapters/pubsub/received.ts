import type { protos } from '@google-cloud/pubsub'
import type { Message } from '../../core/message.js'
import type { Delivery } from './leases.js'

type Received = protos.google.pubsub.v1.IReceivedMessage

const NOTHING = new Uint8Array()
const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze(Object.create(null))

/** A received message as ours; the body stays where it is. */
export function deliveryOf({ ackId, message }: Received, stream: string, now: number): Delivery {
  const { data, attributes, messageId, orderingKey, publishTime } = message ?? {}
  const body = data instanceof Uint8Array ? data : NOTHING
  const plain: Message = {
    id: messageId ?? '',
    body,
    key: orderingKey || undefined,
    type: undefined,
    headers: headersOf(attributes ?? {}),
    metadata: undefined,
    stream,
    revision: undefined,
    publishedAt: publishTime
      ? Number(publishTime.seconds ?? 0) * 1000 + Math.floor(Number(publishTime.nanos ?? 0) / 1e6)
      : undefined,
  }
  return { message: plain, ackId: ackId ?? '', bytes: body.length, receivedAt: now, renewedAt: now }
}

function headersOf(attributes: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const names = Object.keys(attributes)
  if (names.length === 0) return NO_HEADERS
  const headers: Record<string, string> = Object.create(null)
  for (const name of names) headers[name] = attributes[name] ?? ''
  return headers
}
