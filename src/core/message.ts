/**
 * An item as it comes from a stream, before it is decoded. Sources make one per message, so it is plain data; what a
 * stream does not have is `undefined`.
 */
export interface Message {
  /**
   * The same at every delivery of one message and different for any two of a stream: a Pub/Sub message id, an event id,
   * `topic/partition@offset`, `file@byte`.
   */
  readonly id: string
  /** As it came; nothing was parsed. */
  readonly body: Uint8Array
  /** Ordering or partition key. */
  readonly key: string | undefined
  /** The event type, where the stream has such a thing; else `byType` takes it from elsewhere. */
  readonly type: string | undefined
  /** Attributes (Pub/Sub), headers (Kafka), metadata whose values are text (KurrentDB). Without a prototype. */
  readonly headers: Readonly<Record<string, string>>
  /** Event metadata as it came, where the stream keeps it apart from the body (KurrentDB). */
  readonly metadata: Uint8Array | undefined
  /** The subscription, topic and partition, event stream or file it is from. */
  readonly stream: string
  /** Its number within `stream`, growing: event revision, offset, byte. `undefined` where there is no order (Pub/Sub). */
  readonly revision: bigint | undefined
  /** When the broker took it, in ms since 1970. */
  readonly publishedAt: number | undefined
  /**
   * Why the source could not read it as what it is (a line cut at the limit, a broken CSV record). Such a message is not
   * decoded: it becomes a dead letter of stage `decode`. `reason` without values of the message.
   */
  readonly fault?: { readonly code: string; readonly reason: string }
}

/** A message on its way to a topic, queue or file. */
export interface OutgoingMessage {
  /** Messages of one key stay in order. */
  readonly key: string | undefined
  readonly body: Uint8Array
  readonly headers: Readonly<Record<string, string>>
}
