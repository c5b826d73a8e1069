import type {
  CheckRun,
  CheckStore,
  EndedCheckRun,
  FindingPage,
  FoundCounts,
  NewCheckRun,
  RunPage,
  StoredFinding,
} from '../../core/check-store.js'

const INTERRUPTED_AFTER_MS = 60_000

interface Kept {
  run: Omit<CheckRun, 'state'>
  heardMs: number
  readonly findings: Map<number, StoredFinding>
}

/** Runs of checks that live as long as the object. */
export class MemoryCheckStore implements CheckStore {
  readonly #kept = new Map<string, Kept>()
  readonly #now: () => number

  /** `now`: ms since 1970. */
  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  async begin(given: NewCheckRun, keepRuns: number): Promise<void> {
    if (!this.#kept.has(given.id)) {
      const begun = { endedAt: undefined, report: undefined, exitCode: undefined, error: undefined }
      const run = { ...given, ...begun, found: { byKind: {}, kept: 0 } }
      this.#kept.set(given.id, { run, heardMs: this.#now(), findings: new Map() })
    }
    const known = await this.list({ flow: given.flow, limit: Number.POSITIVE_INFINITY })
    for (const { id } of known.slice(keepRuns)) this.#kept.delete(id)
  }

  async add(id: string, findings: readonly StoredFinding[]): Promise<void> {
    const kept = this.#touch(id)
    for (const finding of findings) if (!kept?.findings.has(finding.number)) kept?.findings.set(finding.number, finding)
  }

  async alive(id: string, found: FoundCounts): Promise<void> {
    const kept = this.#touch(id)
    if (kept !== undefined) kept.run = { ...kept.run, found }
  }

  async end(id: string, ended: EndedCheckRun): Promise<void> {
    const kept = this.#touch(id)
    if (kept !== undefined) kept.run = { ...kept.run, ...ended }
  }

  async list({ flow, limit = 50, before }: RunPage = {}): Promise<readonly CheckRun[]> {
    const place = ({ startedAt, id }: Pick<CheckRun, 'startedAt' | 'id'>): string => `${startedAt} ${id}`
    return [...this.#kept.values()]
      .map((kept) => this.#told(kept))
      .filter((run) => (flow ?? run.flow) === run.flow && (before === undefined || place(run) < place(before)))
      .sort((a, b) => (place(a) < place(b) ? 1 : -1))
      .slice(0, limit)
  }

  async get(id: string): Promise<CheckRun | undefined> {
    const kept = this.#kept.get(id)
    return kept && this.#told(kept)
  }

  async findings(id: string, { kinds, limit = 100, after = 0 }: FindingPage = {}): Promise<readonly StoredFinding[]> {
    return [...(this.#kept.get(id)?.findings.values() ?? [])]
      .filter(({ number, kind }) => number > after && (kinds === undefined || kinds.includes(kind)))
      .sort((a, b) => a.number - b.number)
      .slice(0, limit)
  }

  #touch(id: string): Kept | undefined {
    const kept = this.#kept.get(id)
    if (kept !== undefined) kept.heardMs = this.#now()
    return kept
  }

  #told({ run, heardMs }: Kept): CheckRun {
    if (run.endedAt !== undefined) return { ...run, state: run.report === undefined ? 'failed' : 'finished' }
    return { ...run, state: this.#now() - heardMs > INTERRUPTED_AFTER_MS ? 'interrupted' : 'running' }
  }
}
