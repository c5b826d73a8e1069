import { type DestinationStream, type LevelWithSilent, type Logger, pino } from 'pino'
import { scrub } from '../core/secret.js'

/** Keys whose values are never printed, on any level of a log object that people are likely to write. */
const SECRET_KEYS = new Set(['password', 'secret', 'token', 'authorization', 'credentials', 'connectionString'])
const REDACTED = '[redacted]'

/** Log fields are flat; what lies deeper than this is a mistake. */
const MAX_DEPTH = 4

/**
 * A logger of JSON lines. Credentials in any message, error or string field are removed, fields with secret names are
 * redacted, and of an error only type, code, message and stack are kept: drivers hang row values and settings on theirs.
 */
export function createLogger(level: LevelWithSilent, destination: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      messageKey: 'message',
      formatters: {
        level: (label) => ({ level: label }),
        bindings: (fields) => scrubFields(fields),
        log: (fields) => scrubFields(fields),
      },
      serializers: { error: describeError },
      hooks: { logMethod: scrubMessage },
    },
    destination,
  )
}

export interface DescribedError {
  readonly type: string
  readonly code: string | undefined
  readonly message: string
  readonly stack: string | undefined
}

/** What of an error may be shown. Causes are left out: the driver's own messages may quote rows. */
export function describeError(error: unknown): DescribedError {
  if (!(error instanceof Error))
    return { type: typeof error, code: undefined, message: 'not an Error', stack: undefined }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const { name, message, stack } = error
  return { type: name, code, message: scrub(message), stack: stack === undefined ? undefined : scrub(stack) }
}

function scrubFields(fields: Record<string, unknown>, depth = 0): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, SECRET_KEYS.has(key) ? REDACTED : scrubValue(value, depth)]),
  )
}

function scrubValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return scrub(value)
  if (depth >= MAX_DEPTH) return typeof value === 'object' && value !== null ? '[deep]' : value
  if (Array.isArray(value)) return value.map((part: unknown) => scrubValue(part, depth + 1))
  return isPlain(value) ? scrubFields(value, depth + 1) : value
}

/** Errors and `Secret`s are not: they have their own ways to be shown. */
function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

function scrubMessage(
  this: Logger,
  args: Parameters<Logger['info']>,
  method: (...args: Parameters<Logger['info']>) => void,
) {
  const [first, ...rest] = args
  const clean = [first, ...rest].map((part: unknown) => (typeof part === 'string' ? scrub(part) : part))
  Reflect.apply(method, this, clean)
}
