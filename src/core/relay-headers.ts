/**
 * What `relay` adds to the headers of a message, so that a reader of the topic can tell duplicates (`id`) and finds the
 * event as it was where it came from. A stream adapter that sees them gives the message its type, stream, revision, id
 * and time back, so that `byType` and versions work the same through the topic.
 */
export const RELAY_HEADERS = {
  id: 'lockstep-id',
  stream: 'lockstep-stream',
  revision: 'lockstep-revision',
  type: 'lockstep-type',
  /** Milliseconds since 1970. */
  time: 'lockstep-time',
  /** `Message.metadata`, where it is UTF-8. */
  metadata: 'lockstep-metadata',
} as const
