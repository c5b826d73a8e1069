import { isUtf8 } from 'node:buffer'
import type { Message } from '../../core/message.js'
import { RELAY_HEADERS } from '../../core/relay-headers.js'
import type { HeaderValue, KafkaRecord } from './client.js'

/** A message with its offset, which is its `revision` too unless it was relayed and has that of its event. */
export interface KafkaMessage extends Message {
  readonly offset: bigint
}

/** A record without a value, as compaction keeps it for a key that was deleted. */
const TOMBSTONE_HEADER = 'lockstep-tombstone'
/** There when the key's bytes are no UTF-8 text: `base64`. */
const KEY_ENCODING_HEADER = 'lockstep-key-encoding'

type Headers = Record<string, string>

const NOTHING = new Uint8Array()
const NO_HEADERS: Readonly<Headers> = Object.freeze(noHeaders())
const DIGITS = /^\d{1,19}$/

/** @param stream `topic/partition`. */
export function messageOf(record: KafkaRecord, stream: string, typeHeader: string | undefined): KafkaMessage {
  const headers = headersOf(record)
  const offset = BigInt(record.offset)
  const message: KafkaMessage = {
    id: `${stream}@${record.offset}`,
    body: record.value ?? NOTHING,
    key: keyOf(record.key),
    type: typeHeader === undefined ? undefined : headers[typeHeader],
    headers,
    metadata: undefined,
    stream,
    revision: offset,
    publishedAt: numberOf(record.timestamp),
    offset,
  }
  return headers[RELAY_HEADERS.id] === undefined ? message : restored(message)
}

/** A relayed event as it was where it came from. */
function restored(message: KafkaMessage): KafkaMessage {
  const { headers } = message
  const revision = headers[RELAY_HEADERS.revision]
  const metadata = headers[RELAY_HEADERS.metadata]
  return {
    ...message,
    id: headers[RELAY_HEADERS.id] ?? message.id,
    type: headers[RELAY_HEADERS.type] ?? message.type,
    stream: headers[RELAY_HEADERS.stream] ?? message.stream,
    revision: revision !== undefined && DIGITS.test(revision) ? BigInt(revision) : undefined,
    publishedAt: numberOf(headers[RELAY_HEADERS.time] ?? '') ?? message.publishedAt,
    metadata: metadata === undefined ? undefined : Buffer.from(metadata),
  }
}

function headersOf({ headers: given, key, value }: KafkaRecord): Readonly<Headers> {
  let headers: Headers | undefined
  for (const name in given) {
    const text = textOf(given[name])
    if (text === undefined) continue
    headers ??= noHeaders()
    headers[name] = text
  }
  if (value === null) {
    headers ??= noHeaders()
    headers[TOMBSTONE_HEADER] = 'true'
  }
  if (key !== null && key !== undefined && !isUtf8(key)) {
    headers ??= noHeaders()
    headers[KEY_ENCODING_HEADER] = 'base64'
  }
  return headers ?? NO_HEADERS
}

function keyOf(key: Uint8Array | null): string | undefined {
  // One of the clients leaves it undefined.
  if (key === null || key === undefined) return undefined
  return bytesToText(key)
}

/** Of a header given several times the last counts, as everywhere in Kafka. */
function textOf(value: HeaderValue): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return bytesToText(value)
  return textOf(value.at(-1))
}

function bytesToText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(isUtf8(bytes) ? 'utf8' : 'base64')
}

function numberOf(text: string): number | undefined {
  const value = Number(text)
  return text === '' || !Number.isSafeInteger(value) || value < 0 ? undefined : value
}

function noHeaders(): Headers {
  const headers: Headers = Object.create(null)
  return headers
}
