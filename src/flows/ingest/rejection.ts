import type { LetterStage } from '../../core/dead-letter.js'
import { DataError, LockstepError } from '../../core/errors.js'
import { scrub } from '../../core/secret.js'
import type { Fault } from '../../engine/line.js'
import { printable } from './printable.js'

/** A message that can never be stored as it is. `reason` holds nothing of the message's values. */
export class Rejection extends Error {
  readonly code: string
  readonly reason: string
  /** The same, each apart, where there are several. */
  readonly problems: readonly string[]

  constructor(code: string, reason: string, problems: readonly string[] = [reason]) {
    super(reason)
    this.code = code
    this.reason = reason
    this.problems = problems
  }
}

/** What is done with a message before it is written, in this order. */
export type Step = 'type' | 'decode' | 'upcast' | 'schema' | 'map'

/** Each step's stage, and what is said when it throws something else than a fault. */
const STEPS = {
  type: { stage: 'map', code: 'type-failed', reason: 'type threw' },
  decode: { stage: 'decode', code: 'decode-failed', reason: 'decode threw' },
  upcast: { stage: 'map', code: 'upcast-failed', reason: 'upcast threw' },
  schema: { stage: 'validate', code: 'schema-failed', reason: 'schema threw' },
  map: { stage: 'map', code: 'map-failed', reason: 'map threw' },
} as const satisfies Readonly<Record<Step, { stage: LetterStage; code: string; reason: string }>>

/**
 * The fault of what was thrown while a message was prepared. What says nothing about the message (a system that the
 * user's code asks is away) is thrown again.
 */
export function faultOf(step: Step, error: unknown): Fault {
  const { stage, code, reason } = STEPS[step]
  if (error instanceof Rejection) return { stage, code: error.code, reason: printable(error.reason) }
  if (error instanceof DataError) return { stage, code: error.code, reason: printable(scrub(error.message)) }
  if (error instanceof LockstepError) throw error
  return { stage, code, reason: printable(`${reason} ${nameOf(error)}`) }
}

/** Name and place of an error; its message is left out, as it may quote values. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return `a ${typeof error}`
  const frame = /^\s+at .*?([^/\\(\s]+:\d+:\d+)\)?$/m.exec(error.stack ?? '')
  return frame?.[1] === undefined ? error.name : `${error.name} (${frame[1]})`
}
