import type {
  CheckFinding,
  CheckStore,
  EndedCheckRun,
  FindingKind,
  NewCheckRun,
  StoredFinding,
} from '../../../core/check-store.js'
import { deadline } from '../../../engine/deadline.js'
import { charactersOf, withoutRows } from './finding.js'
import type { HistorySettings } from './options.js'

const TICK_MS = 1_000
const ALIVE_MS = 10_000
const CALL_MS = 10_000
const END_MS = 15_000
/** After a failure, so that a database that is down is not asked all the time. */
const AGAIN_MS = 10_000
/** Of findings that wait, so that rows that are slow to be kept do not fill the memory: then only their keys are. */
const WAITING_CHARACTERS = 4 * 1024 * 1024
const BATCH_CHARACTERS = 128 * 1024
const BATCH = 200

export interface RecorderOptions {
  readonly store: CheckStore
  readonly run: NewCheckRun
  readonly settings: HistorySettings
  /** Aborts: nothing more is written, the run stays as it is. */
  readonly abort: AbortSignal
  /** Is told once when the run cannot be kept, and once when it is not kept in the end. */
  tell(message: string): void
}

/**
 * Keeps a run while it goes on. The check never waits for it, but at its end, and never fails with it: what cannot be
 * written now is tried again.
 */
export class Recorder {
  readonly #options: RecorderOptions
  readonly #timer: NodeJS.Timeout
  readonly #byKind: Partial<Record<FindingKind, number>> = {}
  #waiting: StoredFinding[] = []
  #waitingCharacters = 0
  #numbered = 0
  #kept = 0
  #begun = false
  #aliveAt = 0
  #notBefore = 0
  #told = false
  #writing: Promise<void> | undefined

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    this.#tick()
  }

  take(finding: CheckFinding): void {
    this.#byKind[finding.kind] = (this.#byKind[finding.kind] ?? 0) + 1
    if (this.#numbered >= this.#options.settings.keepFindings) return
    this.#numbered += 1
    const kept = this.#waitingCharacters < WAITING_CHARACTERS ? finding : withoutRows(finding)
    this.#waitingCharacters += charactersOf(kept)
    this.#waiting.push({ ...kept, number: this.#numbered })
  }

  /** Writes what is left and how it ended. Resolves also when that was not possible. */
  async end(ended: Omit<EndedCheckRun, 'found'>, byKind = this.#byKind): Promise<void> {
    clearInterval(this.#timer)
    const { abort, run, store, tell } = this.#options
    try {
      await deadline({ what: 'the history of checks', ms: END_MS, signal: abort }, async () => {
        await this.#writing
        await this.#write()
        await store.end(run.id, { ...ended, found: { byKind, kept: this.#kept } })
      })
    } catch (error) {
      if (!abort.aborted) tell(`this run is not in the history of checks: ${reasonOf(error)}`)
    }
  }

  #tick(): void {
    if (this.#writing !== undefined || performance.now() < this.#notBefore) return
    this.#writing = this.#write()
      .catch((error: unknown) => {
        this.#notBefore = performance.now() + AGAIN_MS
        if (this.#told || this.#options.abort.aborted) return
        this.#told = true
        this.#options.tell(`the history of checks cannot be written, and is tried again: ${reasonOf(error)}`)
      })
      .finally(() => {
        this.#writing = undefined
      })
  }

  /** Each step may be repeated, also while one that took too long is still under way. */
  async #write(): Promise<void> {
    const { store, run, settings } = this.#options
    if (!this.#begun) await this.#call(() => store.begin(run, settings.keepRuns))
    this.#begun = true
    while (this.#waiting.length > 0) {
      const batch = this.#batch()
      await this.#call(() => store.add(run.id, batch))
      this.#waiting = this.#waiting.slice(batch.length)
      this.#waitingCharacters -= batch.reduce((sum, finding) => sum + charactersOf(finding), 0)
      this.#kept += batch.length
    }
    if (performance.now() - this.#aliveAt < ALIVE_MS) return
    this.#aliveAt = performance.now()
    await this.#call(() => store.alive(run.id, { byKind: this.#byKind, kept: this.#kept }))
  }

  #call(work: () => Promise<void>): Promise<void> {
    return deadline({ what: 'the history of checks', ms: CALL_MS, signal: this.#options.abort }, work)
  }

  #batch(): readonly StoredFinding[] {
    let characters = 0
    let length = 0
    for (const finding of this.#waiting) {
      characters += charactersOf(finding)
      if (length > 0 && (length === BATCH || characters > BATCH_CHARACTERS)) break
      length += 1
    }
    return this.#waiting.slice(0, length)
  }
}

/** The first line, as what to do about it may be long. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n')[0] ?? error.name) : 'it failed'
}
