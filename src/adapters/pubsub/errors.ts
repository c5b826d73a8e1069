import { ConfigError, LockstepError, UnavailableError } from '../../core/errors.js'

/** What a call was about: the words of its error. */
export interface Subject {
  readonly kind: 'subscription' | 'topic'
  /** Full name. */
  readonly name: string
  /** The factory in the config: `pubsub` or `pubsubTopic`. */
  readonly factory: string
}

/** gRPC's status codes by number. */
const CODES: readonly string[] = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
]

/** The same call may succeed later, or on another connection. */
const PASSING: ReadonlySet<string> = new Set([
  'CANCELLED',
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'RESOURCE_EXHAUSTED',
  'ABORTED',
  'INTERNAL',
  'UNAVAILABLE',
])

/** Nobody answered: these tell nothing of the server's mind, only that the connection may be dead. */
const SILENT: ReadonlySet<string> = new Set(['CANCELLED', 'DEADLINE_EXCEEDED', 'UNAVAILABLE'])

const ROLE = { subscription: 'roles/pubsub.subscriber', topic: 'roles/pubsub.publisher' } as const

/** `NOT_FOUND`, ...; `undefined` for what no server said. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'number' ? CODES[error.code] : undefined
}

export function isPassing(error: unknown): boolean {
  return PASSING.has(codeOf(error) ?? '')
}

export function isSilence(error: unknown): boolean {
  return SILENT.has(codeOf(error) ?? '')
}

/** Of an exactly-once subscription: what went wrong with each acknowledgement id. */
export function ackFailures(error: unknown): ReadonlyMap<string, string> | undefined {
  if (typeof error !== 'object' || error === null || !('errorInfoMetadata' in error)) return undefined
  const { errorInfoMetadata: failures } = error
  if (typeof failures !== 'object' || failures === null) return undefined
  return new Map(Object.entries(failures).map(([ackId, reason]) => [ackId, String(reason)]))
}

/** The error of ours that decides what the engine does. */
export function translate(error: unknown, subject: Subject): LockstepError {
  if (error instanceof LockstepError) return error
  const code = codeOf(error)
  if (code === 'NOT_FOUND') return missing(error, subject)
  if (code === 'PERMISSION_DENIED') {
    return new UnavailableError(
      'pubsub-permission',
      `${subject.name}: permission denied; grant ${ROLE[subject.kind]} on the ${subject.kind} to the account this runs as`,
      { cause: error },
    )
  }
  if (code === 'UNAUTHENTICATED' || code === undefined) {
    return new UnavailableError(
      'pubsub-credentials',
      `${subject.name}: no valid credentials; set GOOGLE_APPLICATION_CREDENTIALS, run \`gcloud auth application-default login\`, or hand in a client`,
      { cause: error },
    )
  }
  if (code === 'INVALID_ARGUMENT' || code === 'FAILED_PRECONDITION' || code === 'UNIMPLEMENTED') {
    return new ConfigError({
      code: subject.kind === 'topic' ? 'topic-unsuitable' : 'subscription-unsuitable',
      key: `${subject.factory}({ ${subject.kind} })`,
      message: `${subject.name} was refused (${code})`,
      fix:
        subject.kind === 'subscription'
          ? 'Use a pull subscription that is attached to its topic; see `lockstep doctor`.'
          : 'Look at its schema and its storage policy; see `lockstep doctor`.',
      cause: error,
    })
  }
  return new UnavailableError('pubsub-unavailable', `${subject.name}: Pub/Sub cannot be reached (${code})`, {
    cause: error,
  })
}

/** `what`: what is missing; it may be the topic of a subscription. */
function missing(cause: unknown, { kind, name, factory }: Subject): ConfigError {
  const [, project = '', , short = ''] = name.split('/')
  const made = kind === 'topic' ? `topics create ${short}` : `subscriptions create ${short} --topic=<topic>`
  return new ConfigError({
    code: kind === 'topic' ? 'topic-missing' : 'subscription-missing',
    key: `${factory}({ ${kind} })`,
    message: `there is no ${name}`,
    fix: `gcloud pubsub ${made} --project=${project}, or set \`create: true\`${kind === 'topic' ? '' : ' and `topic`'}`,
    cause,
  })
}
