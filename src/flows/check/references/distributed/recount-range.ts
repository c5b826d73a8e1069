import type { RangeContext, RangeJob } from '../../../../core/distribute.js'
import type { ReferenceFinding } from '../../../../core/flow.js'
import { Watch } from '../../../../engine/watch.js'
import { asSchemaChange } from '../../altered.js'
import { rangeElsewhere } from '../../distributed/range-elsewhere.js'
import { openReferences } from '../open.js'
import type { ReferencesSettings } from '../options.js'
import { Recount, type RecountOptions } from '../recount.js'
import { SecondLook } from '../second-look.js'
import { type RecountResult, RecountTask, referencesPrint } from './range-task.js'

/** Findings that are kept for the coordinator at a time. */
const TOLD = 1_000

/**
 * Recounts the references to the keys of one range, to the end, the second looks included: each key is in one range, and a look
 * reads all databases once more, whatever the range. A database that is lost fails it, for the queue to try again.
 */
export async function recountRange(
  settings: ReferencesSettings,
  job: RangeJob,
  { name, signal }: RangeContext,
): Promise<RecountResult> {
  const task = RecountTask.parse(job.task)
  const opened = await openReferences(settings, name, signal)
  if ((await referencesPrint(opened, settings.databases, signal)) !== task.print) throw rangeElsewhere(name)
  await using watch = new Watch(settings.databases)
  const within = AbortSignal.any([signal, watch.lost])
  const moments = new Moments(task)
  const context = { name, observer: () => undefined }
  const common = { opened, context, signal: within, patienceMs: 0 }
  const { after, upTo, settleMs, details } = task
  const { maxSnapshotMs } = settings
  const recount = new Recount({ ...common, ...moments.options, range: { after, upTo }, maxSnapshotMs })
  const told = new Told(job)
  const check = details === undefined ? {} : { details }
  const second = new SecondLook({ ...common, settleMs, check, report: (finding) => told.add(finding) })
  try {
    const read = await recount.read(second, () => told.flush(TOLD))
    await second.finish()
    within.throwIfAborted()
    if (!read || !second.complete)
      throw recount.lost ?? second.lost ?? new RangeError('a range was not read to its end')
    await told.flush(1)
  } catch (error) {
    throw within.aborted ? within.reason : asSchemaChange(error, name)
  }
  return { ...recount.figures, ownMoment: moments.own }
}

/** What was found, until it is kept for the coordinator. */
class Told {
  readonly #job: RangeJob
  #findings: ReferenceFinding[] = []

  constructor(job: RangeJob) {
    this.#job = job
  }

  add(finding: ReferenceFinding): void {
    this.#findings.push(finding)
  }

  /** When there are so many. */
  async flush(least: number): Promise<void> {
    if (this.#findings.length < least) return
    const findings = this.#findings
    this.#findings = []
    await this.#job.found(findings)
  }
}

/** In which moments a range is read. */
class Moments {
  own: boolean
  readonly options: Pick<RecountOptions, 'held' | 'renewed'>

  constructor({ snapshots }: RecountTask) {
    this.own = snapshots.some((snapshot) => snapshot === null)
    const lost = (): void => {
      this.own = true
    }
    this.options = { held: snapshots.map((name) => (name === null ? undefined : { name, lost })), renewed: lost }
  }
}
