import { EXIT, LockstepError } from '../../core/errors.js'
import type { FlowEvent } from '../../core/observer.js'
import { scrub } from '../../core/secret.js'
import type { RunRecord } from '../../core/state.js'
import type { FlowView } from '../render/run-view.js'
import { Recent } from './recent.js'

/** Adds up the events of one flow, for the live view, the heartbeat and the summary. */
export class FlowProgress {
  readonly #name: string
  readonly #kind: string
  readonly #startedMs: number
  readonly #recent = new Recent()
  readonly #unhealthy = new Map<string, { reason: string; sinceMs: number }>()
  #state: FlowView['state'] = 'starting'
  #items = 0
  #retries = 0
  #deadLetters = 0
  #conflicts = 0
  #verdict: FlowView['verdict']
  #error: string | undefined
  #lastError: string | undefined

  constructor(name: string, kind: string, nowMs: number) {
    this.#name = name
    this.#kind = kind
    this.#startedMs = nowMs
  }

  take(event: FlowEvent, nowMs: number): void {
    switch (event.type) {
      case 'batch':
        this.#running()
        this.#items += event.items
        this.#recent.add(event.items, event.lagMs, nowMs)
        return
      case 'checkpoint':
      case 'caught-up':
        this.#running()
        return
      case 'retry':
        this.#retries += 1
        this.#lastError = messageOf(event.error)
        return
      case 'health':
        this.#health(event, nowMs)
        return
      case 'dead-letters':
        this.#deadLetters += event.count
        return
      case 'conflicts':
        this.#conflicts += event.count
        return
      case 'verdict':
        this.#running()
        this.#verdict = { verdict: event.verdict, detail: event.detail, atMs: nowMs }
        return
      case 'draining':
        this.#state = 'draining'
        return
      case 'stopped':
        this.#stopped(event)
        return
      case 'started':
      case 'notice':
    }
  }

  #running(): void {
    if (this.#state === 'starting') this.#state = 'running'
  }

  #health(event: Extract<FlowEvent, { type: 'health' }>, nowMs: number): void {
    if (event.healthy) {
      this.#unhealthy.delete(event.subject)
      this.#running()
      return
    }
    const reason = scrub(event.reason ?? 'unhealthy')
    this.#unhealthy.set(event.subject, { reason, sinceMs: this.#unhealthy.get(event.subject)?.sinceMs ?? nowMs })
    this.#lastError = reason
  }

  #stopped(event: Extract<FlowEvent, { type: 'stopped' }>): void {
    const fine = event.exitCode === EXIT.ok || event.exitCode === EXIT.different || event.exitCode === EXIT.aborted
    this.#state = fine ? 'stopped' : 'failed'
    this.#unhealthy.clear()
    if (event.error === undefined) return
    this.#error = messageOf(event.error)
    this.#lastError = this.#error
  }

  view(nowMs: number): FlowView {
    const [lagP50Ms, lagP99Ms] = this.#recent.lags(nowMs, [0.5, 0.99])
    return {
      name: this.#name,
      kind: this.#kind,
      state: this.#state,
      items: this.#items,
      itemsPerSecond: this.#recent.itemsPerSecond(nowMs, this.#startedMs),
      history: this.#recent.history(nowMs),
      lagP50Ms,
      lagP99Ms,
      retries: this.#retries,
      deadLetters: this.#deadLetters,
      conflicts: this.#conflicts,
      unhealthy: [...this.#unhealthy].map(([subject, rest]) => ({ subject, ...rest })),
      verdict: this.#verdict,
      error: this.#error,
    }
  }

  /** What `lockstep status` reads: one record per flow and process. */
  record(run: string, nowMs: number): RunRecord {
    const [lagMs] = this.#recent.lags(nowMs, [0.99])
    const verdict = this.#verdict
    return {
      flow: this.#name,
      kind: this.#kind,
      run,
      state: this.#state === 'starting' ? 'running' : this.#state,
      startedAt: new Date(this.#startedMs).toISOString(),
      heartbeatAt: new Date(nowMs).toISOString(),
      items: this.#items,
      lagMs,
      retries: this.#retries,
      deadLetters: this.#deadLetters,
      conflicts: this.#conflicts,
      lastError: this.#lastError,
      lastVerdict:
        verdict === undefined
          ? undefined
          : { verdict: verdict.verdict, detail: verdict.detail, at: new Date(verdict.atMs).toISOString() },
    }
  }
}

function messageOf(error: Error): string {
  const [first = ''] = scrub(error.message).split('\n')
  return error instanceof LockstepError ? first : `unexpected ${error.name}: ${first}`
}
