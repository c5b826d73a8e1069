import type { Fifo } from './fifo.js'

/** A message of a topic, encoded once for all its deliveries. */
export interface Published {
  readonly id: string
  readonly encoded: Uint8Array
  /** Ordering key; empty for none. */
  readonly key: string
  /** What it counts towards `max_outstanding_bytes`. */
  readonly bytes: number
}

/** A message that a subscription has still to deliver. */
export interface Entry {
  readonly message: Published
  attempts: number
  /** A second delivery of the same message, made by the `duplicates` knob. */
  readonly copy: boolean
}

/** The messages of one ordering key. */
export interface KeyQueue {
  readonly waiting: Fifo<Entry>
  /** In their order. While there are any, only `consumer` is given more. */
  leased: Lease[]
  consumer: Consumer | undefined
}

/** A message that was delivered and is not acknowledged. */
export interface Lease {
  readonly ackId: string
  readonly entry: Entry
  readonly key: KeyQueue | undefined
  readonly consumer: Consumer
  expiresAt: number
}

/** A stream, or one call of Pull. */
export interface Consumer {
  readonly maxMessages: number
  readonly maxBytes: number
  leaseMs: number
  /** What it has not acknowledged. */
  messages: number
  bytes: number
  /** Whether its connection takes more at the moment. */
  ready: boolean
  send(leases: readonly Lease[]): void
}

/** Whether flow control lets it have more. */
export function hasRoom({ ready, messages, maxMessages, bytes, maxBytes }: Consumer): boolean {
  return ready && messages < maxMessages && bytes < maxBytes
}
