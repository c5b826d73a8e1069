import type { Lease } from './delivery.js'

const RECEIVED_MESSAGE = 0x0a
const ACK_ID = 0x0a
const MESSAGE = 0x12
const DELIVERY_ATTEMPT = 0x18

/**
 * Encodes `repeated ReceivedMessage received_messages = 1`, the field of both pull responses, around messages that are
 * encoded already: the double must not be what is measured.
 */
export function encodeReceived(leases: readonly Lease[]): Uint8Array {
  const sizes = leases.map(receivedBytes)
  const total = sizes.reduce((sum, size) => sum + 1 + varintBytes(size) + size, 0)
  const bytes = Buffer.allocUnsafe(total)
  let at = 0
  leases.forEach((lease, index) => {
    bytes[at++] = RECEIVED_MESSAGE
    at = writeVarint(bytes, at, sizes[index] ?? 0)
    at = writeReceived(bytes, at, lease)
  })
  return bytes
}

function receivedBytes({ ackId, entry }: Lease): number {
  const { encoded } = entry.message
  const message = 1 + varintBytes(encoded.length) + encoded.length
  return 1 + varintBytes(ackId.length) + ackId.length + message + 1 + varintBytes(entry.attempts)
}

function writeReceived(bytes: Buffer, from: number, { ackId, entry }: Lease): number {
  let at = from
  bytes[at++] = ACK_ID
  at = writeVarint(bytes, at, ackId.length)
  at += bytes.write(ackId, at, 'latin1')
  bytes[at++] = MESSAGE
  at = writeVarint(bytes, at, entry.message.encoded.length)
  bytes.set(entry.message.encoded, at)
  at += entry.message.encoded.length
  bytes[at++] = DELIVERY_ATTEMPT
  return writeVarint(bytes, at, entry.attempts)
}

function varintBytes(value: number): number {
  let count = 1
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) count++
  return count
}

function writeVarint(bytes: Buffer, from: number, value: number): number {
  let at = from
  let rest = value
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes[at++] = (rest & 0x7f) | 0x80
  bytes[at++] = rest
  return at
}
