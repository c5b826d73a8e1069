/** What a failure means to the engine, and the stable word for it (docs/errors.md). */
export interface Meaning {
  readonly code: string
  /** Without it: waiting may help. */
  readonly fix?: string
}

/** What the server says in the trailer `exception`. */
export const EXCEPTIONS: Readonly<Record<string, Meaning>> = {
  'access-denied': { code: 'access-denied' },
  'not-leader': { code: 'not-leader' },
  'stream-deleted': { code: 'stream-deleted', fix: 'Read another stream: a deleted one never comes back.' },
  'persistent-subscription-does-not-exist': {
    code: 'group-missing',
    fix: 'Create the group, or have it created: subscription: { group, create: true }.',
  },
  'persistent-subscription-exists': { code: 'group-exists', fix: 'Leave out create: true.' },
  'persistent-subscription-dropped': { code: 'subscription-dropped' },
  'persistent-subscription-failed': { code: 'subscription-failed' },
  'maximum-subscribers-reached': { code: 'group-full' },
  unsupported: { code: 'server-too-old', fix: 'Update the server: EventStoreDB 21.10 or any KurrentDB.' },
}

/** By the numbers of gRPC. */
export const STATUS: Readonly<Record<number, Meaning>> = {
  1: { code: 'connection-lost' },
  2: { code: 'server-failed' },
  3: { code: 'request-refused', fix: 'Correct the filter or the options of the subscription.' },
  4: { code: 'deadline' },
  5: { code: 'group-missing', fix: 'Create the group, or have it created: subscription: { group, create: true }.' },
  7: { code: 'access-denied' },
  8: { code: 'server-busy' },
  10: { code: 'server-failed' },
  12: { code: 'server-too-old', fix: 'Update the server: EventStoreDB 21.10 or any KurrentDB.' },
  13: { code: 'connection-lost' },
  14: { code: 'connection-lost' },
  15: { code: 'server-failed' },
  16: { code: 'access-denied' },
}

/** What the number 14 of gRPC can mean besides; told apart by the text. */
export const CONNECTING: { readonly refused: Meaning; readonly tls: Meaning } = {
  refused: { code: 'connection-refused' },
  tls: { code: 'tls-failed' },
}
