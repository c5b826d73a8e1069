import { DataError } from '../../core/errors.js'
import type { OutgoingMessage } from '../../core/message.js'

/** What the service allows. */
const MESSAGE_BYTES = 10_000_000
const REQUEST_BYTES = 9_000_000
const REQUEST_MESSAGES = 1_000
const ATTRIBUTES = 100
const ATTRIBUTE_NAME_BYTES = 256
const ATTRIBUTE_BYTES = 1_024
const KEY_BYTES = 1_024
/** What a message costs besides its parts. */
const OVERHEAD_BYTES = 32

interface Publishable {
  readonly data: Uint8Array
  readonly attributes: Record<string, string>
  readonly orderingKey?: string
}

/** The requests of one ordering key, in their order. */
export type PublishGroup = readonly (readonly Publishable[])[]

interface Filling {
  readonly requests: Publishable[][]
  bytes: number
}

/** Messages as requests, one key to a request. Throws a `DataError` that names those which the service would refuse. */
export function publishGroups(
  messages: readonly OutgoingMessage[],
  { ordered, topic }: { readonly ordered: boolean; readonly topic: string },
): readonly PublishGroup[] {
  const bad = messages.flatMap((message, index) => (isAllowed(message) ? [] : [index]))
  if (bad.length > 0) {
    throw new DataError('message-refused', `${topic}: ${bad.length} messages exceed what Pub/Sub takes, or are empty`, {
      bad,
    })
  }
  const groups = new Map<string, Filling>()
  for (const { key, body, headers } of messages) {
    const orderingKey = (ordered && key) || ''
    const group = groups.get(orderingKey) ?? { requests: [], bytes: 0 }
    groups.set(orderingKey, group)
    const bytes = sizeOf({ key, body, headers })
    const message = { data: body, attributes: { ...headers }, ...(orderingKey === '' ? {} : { orderingKey }) }
    const last = group.requests.at(-1)
    if (last === undefined || last.length >= REQUEST_MESSAGES || group.bytes + bytes > REQUEST_BYTES) {
      group.requests.push([message])
      group.bytes = bytes
    } else {
      last.push(message)
      group.bytes += bytes
    }
  }
  return [...groups.values()].map(({ requests }) => requests)
}

function isAllowed(message: OutgoingMessage): boolean {
  const headers = Object.entries(message.headers)
  return (
    sizeOf(message) <= MESSAGE_BYTES &&
    (message.body.length > 0 || headers.length > 0) &&
    Buffer.byteLength(message.key ?? '') <= KEY_BYTES &&
    headers.length <= ATTRIBUTES &&
    headers.every(
      ([name, value]) =>
        name !== '' && Buffer.byteLength(name) <= ATTRIBUTE_NAME_BYTES && Buffer.byteLength(value) <= ATTRIBUTE_BYTES,
    )
  )
}

function sizeOf({ key, body, headers }: OutgoingMessage): number {
  let bytes = OVERHEAD_BYTES + body.length + Buffer.byteLength(key ?? '')
  for (const name in headers) bytes += Buffer.byteLength(name) + Buffer.byteLength(headers[name] ?? '')
  return bytes
}
