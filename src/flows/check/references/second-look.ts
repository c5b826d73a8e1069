import { pause } from '../../../compare/pause.js'
import { UnavailableError } from '../../../core/errors.js'
import type { CheckOptions, FlowContext, ReferenceFinding, ReferenceSource } from '../../../core/flow.js'
import { type GroupSnapshot, LOOKUP_KEYS } from '../../../core/groups.js'
import { type Watched, whileAnswering } from '../../../engine/while-answering.js'
import { Patience } from '../patience.js'
import { observe } from './observe.js'
import { type Opened, type Place, withSnapshots } from './opened.js'
import type { Observation } from './rule.js'

/** Chunks that wait; the merge stands still when there are more. */
const WAITING_CHUNKS = 8
/** Looks after the first; a key that never looks twice the same is unstable. */
const LOOKS = 5

export interface SecondLookOptions extends Watched {
  readonly opened: Opened
  readonly context: Pick<FlowContext, 'name' | 'observer'>
  readonly signal: AbortSignal
  readonly settleMs: number
  readonly patienceMs: number | undefined
  readonly check: Pick<CheckOptions, 'details'>
  readonly report: (finding: ReferenceFinding) => void
}

/**
 * Looks again, in new snapshots, at keys that seemed wrong: on live tables a reference and its number are often not
 * written at one moment, and no two databases are ever read at one. What then is right is dropped, what is just as wrong
 * as before is a finding, what has changed is looked at again.
 */
export class SecondLook {
  readonly #options: SecondLookOptions
  #gathered: Observation[] = []
  #waiting = 0
  #tail: Promise<void> = Promise.resolve()
  #failure: unknown
  #detailed = 0

  /** All that was added could be looked at. */
  complete = true
  /** Why it was given up. */
  lost: UnavailableError | undefined

  constructor(options: SecondLookOptions) {
    this.#options = options
  }

  /** Waits while too much is waiting. */
  async add(observations: readonly Observation[]): Promise<void> {
    for (const observation of observations) {
      this.#gathered.push(observation)
      if (this.#gathered.length >= LOOKUP_KEYS) await this.#begin()
    }
  }

  /** Calls `then` once all that was added so far has been judged, and nothing that is added later. */
  async mark(then: () => void): Promise<void> {
    await this.#begin()
    this.#tail = this.#tail.then(() => {
      if (this.#failure === undefined && this.complete) then()
    })
  }

  async finish(): Promise<void> {
    await this.#begin()
    await this.#tail
    if (this.#failure !== undefined) throw this.#failure
  }

  async #begin(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    const chunk = this.#gathered
    this.#gathered = []
    if (chunk.length === 0) return
    const since = performance.now()
    this.#waiting += 1
    this.#tail = this.#tail.then(async () => {
      try {
        if (this.#failure === undefined) await this.#judge(chunk, since)
      } catch (error) {
        this.#failure = error
      } finally {
        this.#waiting -= 1
      }
    })
    if (this.#waiting > WAITING_CHUNKS) await this.#tail
  }

  async #judge(chunk: readonly Observation[], since: number): Promise<void> {
    const { settleMs, signal, opened } = this.#options
    let pending = chunk
    let seen = since
    for (let look = 1; look <= LOOKS && pending.length > 0; look++) {
      await pause(settleMs - (performance.now() - seen), signal)
      seen = performance.now()
      const next = await this.#patiently((within) => this.#look(pending, look === LOOKS, within))
      if (next === undefined) {
        this.complete = false
        return
      }
      for (const finding of next.findings) this.#options.report(finding)
      pending = next.changed.filter((observation) => opened.rule.faultOf(observation) !== undefined)
    }
  }

  async #look(pending: readonly Observation[], last: boolean, signal: AbortSignal): Promise<Looked> {
    const { opened } = this.#options
    return withSnapshots(opened, { use: 'keys', signal }, async (snapshotOf) => {
      const keys = pending.map(({ key }) => key)
      const now = await observe(opened, keys, { snapshotOf, signal })
      const findings: ReferenceFinding[] = []
      const changed: Observation[] = []
      for (const [index, observation] of now.entries()) {
        const fault = opened.rule.faultOf(observation)
        if (fault === undefined) continue
        const stable = isSame(observation, pending[index])
        if (stable || last)
          findings.push(await this.#finding(stable ? fault : 'unstable', observation, { snapshotOf, signal }))
        else changed.push(observation)
      }
      return { findings, changed }
    })
  }

  async #finding(
    kind: ReferenceFinding['kind'],
    { key, stored, counted }: Observation,
    { snapshotOf, signal }: Looking,
  ): Promise<ReferenceFinding> {
    const { opened, check } = this.#options
    const limit = this.#detailed++ < (check.details?.findings ?? 0) ? (check.details?.rows ?? 0) : 0
    const sources: ReferenceSource[] = []
    for (const [index, place] of opened.references.entries()) {
      const value = counted[index]
      const { name, rowKey } = place.info
      if (value === undefined) continue
      const rows =
        limit > 0 && rowKey.length > 0
          ? { rows: await snapshotOf(place).rows(place.column, key, { limit, signal }) }
          : {}
      sources.push({ name, value, rowKey, ...rows })
    }
    return { kind, key, expected: opened.rule.expected(counted), stored, sources }
  }

  /** `undefined`: it is time to give up. */
  async #patiently<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result | undefined> {
    const { context, signal, patienceMs } = this.#options
    const patience = new Patience(context, signal, patienceMs)
    for (;;) {
      if (signal.aborted) return undefined
      const detailed = this.#detailed
      try {
        const result = await whileAnswering(this.#options, signal, work)
        patience.renew()
        return result
      } catch (error) {
        this.#detailed = detailed
        if (signal.aborted) return undefined
        if (!(error instanceof UnavailableError)) throw error
        this.lost = error
        if (!(await patience.wait(error))) return undefined
      }
    }
  }
}

interface Looking {
  readonly snapshotOf: (place: Place) => GroupSnapshot
  readonly signal: AbortSignal
}

interface Looked {
  readonly findings: readonly ReferenceFinding[]
  readonly changed: readonly Observation[]
}

function isSame(left: Observation, right: Observation | undefined): boolean {
  if (right === undefined || left.stored !== right.stored) return false
  return left.counted.every((value, index) => value === right.counted[index])
}
