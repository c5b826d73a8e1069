import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Distribute, RangeQueue } from '../../../../core/distribute.js'
import { UnavailableError } from '../../../../core/errors.js'
import type { ReferenceFinding } from '../../../../core/flow.js'
import { DistributedWork } from '../../../distributed/distributed-work.js'
import { HeldSnapshots } from '../../../distributed/held-snapshots.js'
import type { Cut } from '../../../distributed/range-kind.js'
import { asSchemaChange } from '../../altered.js'
import { Patience } from '../../patience.js'
import { KeptCheck } from '../../resume/kept-check.js'
import type { BeginCounting, Counting, CountingFigures, CountingRequest } from '../counting.js'
import { FoundNumbers } from '../findings.js'
import type { ReferencesSettings } from '../options.js'
import { cutReferences } from './cut-references.js'
import { FoundReference, REFERENCES_KIND, type RecountTask, type RecountTotal, referencesPrint } from './range-task.js'

/** What is kept: which ranges are done, and what was found in them. */
const RangesDone = z.object({ position: z.string(), found: FoundNumbers })
type RangesDone = z.infer<typeof RangesDone>

export interface SharedOut {
  readonly settings: ReferencesSettings
  readonly distribute: Distribute
  readonly fingerprint: string
  readonly queue: RangeQueue
}

/** Workers count, range by range of the master's keys. See `BeginCounting`. */
export function countByWorkers(shared: SharedOut): BeginCounting {
  return async (request) => {
    const { context, shape, options } = request
    const kept = await KeptCheck.open(context, { shape, done: RangesDone, check: options })
    return new CountingByWorkers(request, shared, kept)
  }
}

class CountingByWorkers implements Counting {
  readonly kept: KeptCheck<RangesDone>
  readonly #request: CountingRequest
  readonly #shared: SharedOut
  readonly #work: DistributedWork<RecountTask, RecountTotal>
  #held: HeldSnapshots | undefined
  /** When it was taken; `undefined`: no database has one to hold. */
  #heldSince: number | undefined
  /** Findings with rows that were told. */
  #detailed = 0

  constructor(request: CountingRequest, shared: SharedOut, kept: KeptCheck<RangesDone>) {
    this.kept = kept
    this.#request = request
    this.#shared = shared
    const { context, options } = request
    const { queue, distribute, fingerprint } = shared
    this.#work = new DistributedWork({
      kind: REFERENCES_KIND,
      context,
      queue,
      distribute,
      fingerprint,
      cut: (signal) => this.#cut(signal),
      resumable: context.state !== undefined,
      progress: options.progress,
    })
  }

  get figures(): CountingFigures {
    const { total } = this.#work
    const heldMs = this.#heldSince === undefined ? 0 : performance.now() - this.#heldSince
    return { ...total, snapshotMs: Math.max(total.snapshotMs, Math.min(heldMs, this.#shared.distribute.snapshotMs)) }
  }

  get distributed(): Counting['distributed'] {
    return this.#work.distributed
  }

  async run(): Promise<boolean> {
    const { context, options, findings } = this.#request
    const signal = AbortSignal.any([context.drain, context.abort])
    const patience = new Patience(context, signal, options.patienceMs)
    let done = this.kept.resumed?.done
    for (;;) {
      findings.begin(done?.found)
      try {
        for await (const { found, position } of this.#work.read(done?.position, signal)) {
          for (const item of found) findings.addUnmarked(this.#bounded(FoundReference.parse(item)))
          if (position === undefined) continue
          findings.mark()
          done = { position, found: findings.all }
          this.kept.save(done)
          patience.renew()
        }
        return !signal.aborted
      } catch (error) {
        if (signal.aborted) return false
        if (!(error instanceof UnavailableError)) throw asSchemaChange(error, context.name)
        if (!(await patience.wait(error))) return false
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#held?.[Symbol.asyncDispose]()
  }

  async #cut(signal: AbortSignal): Promise<Cut<RecountTask>> {
    const { opened, options } = this.#request
    const { settings, distribute } = this.#shared
    const { databases, requests } = settings
    await this.#held?.[Symbol.asyncDispose]()
    const print = await referencesPrint(opened, databases, signal)
    const cut = await cutReferences(opened, { master: requests[0], ranges: distribute.ranges, signal })
    const held = await HeldSnapshots.open(databases, distribute.snapshotMs, signal)
    this.#held = held
    const { settleMs, details } = options
    const snapshots = databases.map((database) => held.nameOf(database))
    this.#heldSince = snapshots.every((name) => name === null) ? undefined : performance.now()
    const common = { print, snapshots, settleMs, ...(details === undefined ? {} : { details }) }
    return { by: 'key', tasks: cut.map((borders) => ({ ...common, ...borders })) }
  }

  /** Each worker looks up rows for as many findings as are asked for: of all together there are no more. */
  #bounded(finding: ReferenceFinding): ReferenceFinding {
    if (finding.sources.every(({ rows }) => rows === undefined)) return finding
    this.#detailed += 1
    if (this.#detailed <= (this.#request.options.details?.findings ?? 0)) return finding
    return { ...finding, sources: finding.sources.map(({ rows: _, ...source }) => source) }
  }
}

/** Changes with what is said of tasks and results: processes of both kinds do no ranges for each other. */
const VERSION = 1

/** What decides how a range is counted, but for addresses: two configs that say the same do ranges for each other. */
export function referencesFingerprint({ requests, of, none }: ReferencesSettings): string {
  const asked = requests.map(({ table, key, of: what, where }) => ({
    engine: table.database.engine,
    table: [table.name, table.query, table.options],
    key,
    what,
    where,
  }))
  const said = { of, none: none.map((key) => (key === null ? null : String(key))), asked }
  return createHash('sha256')
    .update(JSON.stringify(['check.references', VERSION, said]))
    .digest('hex')
}
