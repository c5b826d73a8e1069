import type { LogRecord } from './log-record.js'

/**
 * The messages that are sent most, written as protobuf by hand: the generated classes take ten times as long, and the
 * double would be what a benchmark measures.
 */
export function encodeRecord(record: LogRecord): Buffer {
  return Buffer.concat([
    field(1, field(2, Buffer.from(record.id))),
    field(2, field(3, Buffer.from(record.stream))),
    number(3, BigInt(record.revision)),
    number(4, record.position),
    number(5, record.position),
    entry('type', record.type),
    entry('content-type', record.contentType),
    entry('created', record.created),
    field(7, record.metadata),
    field(8, record.data),
  ])
}

export interface Response {
  readonly event: Buffer | undefined
  readonly link: Buffer | undefined
  readonly position: bigint
  /** Sent when greater than 0. */
  readonly retries: number
}

/** `ReadResp` with an event. */
export function encodeResponse({ event, link, position, retries }: Response): Buffer {
  const parts: Buffer[] = []
  if (event !== undefined) parts.push(field(1, event))
  if (link !== undefined) parts.push(field(2, link))
  parts.push(number(3, position))
  if (retries > 0) parts.push(number(5, BigInt(retries)))
  return field(1, Buffer.concat(parts))
}

function entry(key: string, value: string): Buffer {
  return field(6, Buffer.concat([field(1, Buffer.from(key)), field(2, Buffer.from(value))]))
}

function field(tag: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint(BigInt((tag << 3) | 2)), varint(BigInt(bytes.length)), bytes])
}

function number(tag: number, value: bigint): Buffer {
  return Buffer.concat([varint(BigInt(tag << 3)), varint(value)])
}

function varint(value: bigint): Buffer {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}
