import { z } from 'zod'
import { LockstepError, UnavailableError } from '../../core/errors.js'
import { scrub } from '../../core/secret.js'

const Thrown = z.object({
  name: z.string().catch(''),
  message: z.string().catch(''),
  /** kafkajs: the name of the protocol's error. */
  type: z.string().optional().catch(undefined),
  /** @confluentinc/kafka-javascript: librdkafka's number, which for a broker's error is the protocol's. */
  code: z.union([z.number(), z.string()]).optional().catch(undefined),
  cause: z.unknown(),
})

type Kind = 'auth' | 'rights' | 'too-large'

const TYPES: Readonly<Record<string, Kind>> = {
  SASL_AUTHENTICATION_FAILED: 'auth',
  TOPIC_AUTHORIZATION_FAILED: 'rights',
  GROUP_AUTHORIZATION_FAILED: 'rights',
  CLUSTER_AUTHORIZATION_FAILED: 'rights',
  MESSAGE_TOO_LARGE: 'too-large',
  RECORD_LIST_TOO_LARGE: 'too-large',
}

const NAMES: Readonly<Record<string, Kind>> = {
  KafkaJSSASLAuthenticationError: 'auth',
}

const CODES: Readonly<Record<string, Kind>> = {
  10: 'too-large',
  18: 'too-large',
  29: 'rights',
  30: 'rights',
  31: 'rights',
  58: 'auth',
  '-169': 'auth',
}

/** What the error is about; the clients wrap errors in errors of retries, so causes are looked at too. */
export function kindOf(error: unknown, depth = 0): Kind | undefined {
  const parsed = Thrown.safeParse(error)
  if (!parsed.success) return undefined
  const { name, type, code, cause } = parsed.data
  const kind = TYPES[type ?? ''] ?? NAMES[name] ?? CODES[String(code)]
  return kind ?? (depth < 5 && cause !== undefined ? kindOf(cause, depth + 1) : undefined)
}

/** What a client threw as what the engine waits out. Mistakes of programs stay what they are. */
export function unavailable(what: string, error: unknown): unknown {
  if (error instanceof LockstepError || error instanceof TypeError || error instanceof RangeError) return error
  const parsed = Thrown.safeParse(error)
  const reason = parsed.success ? scrub(parsed.data.message || parsed.data.name) : 'unknown'
  const options = { cause: error }
  switch (kindOf(error)) {
    case 'auth':
      return new UnavailableError('kafka-auth', `${what}: the broker refused the credentials: ${reason}`, options)
    case 'rights':
      return new UnavailableError('kafka-rights', `${what}: the broker refused the rights: ${reason}`, options)
    default:
      return new UnavailableError('kafka-unavailable', `${what}: ${reason}`, options)
  }
}
