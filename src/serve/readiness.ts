import type { Readiness } from '../client/wire/server.js'
import type { Database } from '../core/database.js'
import { LockstepError } from '../core/errors.js'
import { scrub } from '../core/secret.js'
import { deadline } from '../engine/deadline.js'
import type { Desk } from './desk.js'
import { isStale } from './flow-summary.js'

/** With the age of an answer that is given again, red within two seconds of a database that is silent. */
const DEADLINE_MS = 1_400
/** Whoever asks more often gets the same answer. */
const FRESH_MS = 500

type Trouble = Readiness['problems'][number]

/** Whether every database answers, and every flow works. */
export class ReadinessProbe {
  readonly #desk: Desk
  #known: { readonly atMs: number; readonly answer: Promise<Readiness> } | undefined

  constructor(desk: Desk) {
    this.#desk = desk
  }

  ask(): Promise<Readiness> {
    const now = Date.now()
    if (this.#known === undefined || now - this.#known.atMs > FRESH_MS) {
      this.#known = { atMs: now, answer: this.#look() }
    }
    return this.#known.answer
  }

  async #look(): Promise<Readiness> {
    const flows = [...this.#desk.flows]
    const databases = new Set(flows.flatMap(([name, flow]) => [...flow.databases, ...this.#desk.stateOf(name)]))
    const unreachable = await Promise.all([...databases].map((database) => reach(database, this.#desk.abort)))
    const problems = [...unreachable.flat(), ...flows.flatMap(([name]) => troubleOf(this.#desk, name))]
    return { ready: problems.length === 0, problems }
  }
}

/** A broker that cannot be reached makes its flow unhealthy, which its events have told. */
function troubleOf(desk: Desk, name: string): readonly Trouble[] {
  const figures = desk.board.figures(name)
  if (figures === undefined) return []
  const subject = `flow ${name}`
  if (isStale(figures, Date.now())) return [{ subject, reason: 'nothing is heard of its process' }]
  if (figures.state === 'failed') {
    return [{ subject, reason: figures.lastError?.message.split('\n')[0] ?? 'it has failed' }]
  }
  return figures.unhealthy.map((each) => ({
    subject: `${subject}: ${each.subject}`,
    reason: each.reason ?? 'it does not work',
  }))
}

async function reach(database: Database, abort: AbortSignal): Promise<readonly Trouble[]> {
  try {
    await deadline({ what: database.label, ms: DEADLINE_MS, signal: abort }, (signal) => database.identify(signal))
    return []
  } catch (error) {
    const reason = error instanceof LockstepError ? (error.message.split('\n')[0] ?? '') : 'it cannot be asked'
    return [{ subject: database.label, reason: scrub(reason) }]
  }
}
