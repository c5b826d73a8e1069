import { randomUUID } from 'node:crypto'
import type { Alert, AlertMessage, AlertSink } from '../../core/alert.js'
import { LockstepError, UnavailableError } from '../../core/errors.js'
import { deadline } from '../../engine/deadline.js'
import { backOffMs, pause } from '../../engine/retry.js'
import { short } from './wording.js'

/** Within two minutes at most, so that a claim outlasts it. */
const ATTEMPTS = 4
const ATTEMPT_MS = 20_000
const BACK_OFF = { initialMs: 2_000, maxMs: 20_000, random: Math.random }

export type Delivery =
  | { readonly kind: 'delivered'; readonly answer: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly error: unknown }

export function messageOf(alerts: readonly Alert[], nowMs: number, test = false): AlertMessage {
  return { id: randomUUID(), at: new Date(nowMs).toISOString(), test, alerts }
}

export interface Patience {
  readonly signal: AbortSignal
  /** Default 4. */
  readonly attempts?: number
  /** Of each attempt. Default 20,000. */
  readonly attemptMs?: number
}

/** Tries until it is taken, a few times, as long as trying again may help. Never rejects. */
export async function deliver(sink: AlertSink, message: AlertMessage, patience: Patience): Promise<Delivery> {
  const { signal, attempts = ATTEMPTS, attemptMs = ATTEMPT_MS } = patience
  for (let attempt = 1; ; attempt++) {
    try {
      const limit = { what: sink.label, ms: attemptMs, signal }
      return { kind: 'delivered', answer: await deadline(limit, (within) => sink.send(message, within)) }
    } catch (error) {
      const again = error instanceof UnavailableError && attempt < attempts && !signal.aborted
      if (!again) return { kind: 'failed', reason: reasonOf(error, sink), error }
      await pause(backOffMs(attempt, BACK_OFF), signal)
    }
  }
}

/** What is no error of this tool may quote the address, which is a secret. */
function reasonOf(error: unknown, { label }: AlertSink): string {
  if (error instanceof LockstepError) return short(error.message)
  return `${label} failed: ${error instanceof Error ? error.name : typeof error}`
}
