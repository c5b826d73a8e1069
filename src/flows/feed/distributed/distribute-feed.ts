import type { Distribute, RangeQueue } from '../../../core/distribute.js'
import type { ExportRange } from '../../../core/export.js'
import type { FlowContext } from '../../../core/flow.js'
import { WorkersWatch } from '../../distributed/workers-watch.js'
import type { FeedFile } from '../manifest.js'
import { feedNames } from '../names.js'
import type { LeftFile } from '../published.js'
import { Quarantine } from '../quarantine.js'
import { isTooManySoFar } from '../rejections.js'
import { Seen } from '../seen.js'
import { discard, type Writing, type WrittenFeed } from '../write-feed.js'
import { refuseUnsupported, writeNoRows } from '../write-files.js'
import { HeldMoment } from './held-moment.js'
import { QueuedRanges } from './queued-ranges.js'
import type { FeedRange, FeedTask } from './range-task.js'
import { settleRepeats } from './repeated-keys.js'
import { uncut } from './unfit.js'

/** How the work of a feed is shared out. */
export interface Sharing {
  readonly distribute: Distribute
  readonly queue: RangeQueue
  readonly fingerprint: string
  readonly context: Pick<FlowContext, 'name' | 'observer'>
  /** Of a run that was killed, by range. */
  readonly left: ReadonlyMap<number, readonly LeftFile[]>
}

/** Has the files of an attempt written by workers, range by range, all of them of one moment unless `consistency` says otherwise. */
export async function distributeFeed(writing: Writing, sharing: Sharing): Promise<WrittenFeed> {
  const { settings, table, signal } = writing
  refuseUnsupported(settings, table)
  if (table.cut === undefined) throw uncut(table.label)
  await using moment = await HeldMoment.open(settings, signal)
  const within = { ...writing, signal: AbortSignal.any([signal, moment.old]) }
  try {
    return await share(within, { ...sharing, snapshot: moment.name })
  } catch (error) {
    await discardAttempt(writing, error)
    throw moment.old.aborted && !signal.aborted ? moment.old.reason : error
  }
}

async function share(
  writing: Writing,
  sharing: Sharing & { readonly snapshot: string | undefined },
): Promise<WrittenFeed> {
  const { settings, attempt, signal, rejections } = writing
  const { distribute, queue, fingerprint, context } = sharing
  const tasks = await tasksOf(writing, sharing)
  await using ranges = new QueuedRanges({
    ...{ flow: context.name, fingerprint, distribute, queue, tasks, signal, patienceMs: settings.patienceMs },
    watch: new WorkersWatch(context, undefined),
  })
  const { preset } = settings.as
  const done = await follow(writing, ranges)
  if (done && preset !== undefined)
    await settleRepeats({ ranges, tasks, preset, follow: () => follow(writing, ranges) })
  const results = [...ranges.results.values()]
  rejections.skipped = sumOf(results, 'skipped')
  const quarantine = new Quarantine(settings.quarantine, feedNames(settings.name).rejected(attempt), signal)
  try {
    for await (const some of ranges.rejected()) {
      for (const row of some) rejections.add(row)
      await quarantine.write(rejections.take())
    }
    rejections.check(sumOf(results, 'read'), settings.stopAbove)
    await quarantine.commit()
  } catch (error) {
    await quarantine.give(error)
    throw error
  }
  const files = results.flatMap((range) => range.files)
  const shared = { ranges: tasks.length, workers: ranges.workers }
  return { files: files.length > 0 ? files : await emptyFile(writing), rejections, shared }
}

/** Until all ranges are done. `false`: so many rows are bad that the feed is lost. */
async function follow({ settings, progress }: Writing, ranges: QueuedRanges): Promise<boolean> {
  const { stopAbove } = settings
  const before = [...ranges.results.values()]
  let [rows, rejected] = [sumOf(before, 'read'), sumOf(before, 'rejected')]
  let startedMs = performance.now()
  for await (const range of ranges.done()) {
    rows += range.read
    rejected += range.rejected
    const nowMs = performance.now()
    progress(range.read, nowMs - startedMs)
    startedMs = nowMs
    if (isTooManySoFar(rejected, { rows, stopAbove })) return false
  }
  return true
}

function sumOf(ranges: readonly FeedRange[], count: 'read' | 'skipped' | 'rejected'): number {
  return ranges.reduce((sum, range) => sum + range[count], 0)
}

async function tasksOf(
  { settings, table, attempt, generation, signal }: Writing,
  { distribute, snapshot, left }: Sharing & { readonly snapshot: string | undefined },
): Promise<readonly FeedTask[]> {
  if (table.cut === undefined) throw uncut(table.label)
  const { id } = await settings.from.database.identify(signal)
  const ranges = await table.cut(distribute.ranges, signal)
  return ranges.map(
    (range, index): FeedTask => ({
      name: settings.name,
      ...attempt,
      ...{ generation, database: id, schema: table.fingerprint, range: bordersOf(range) },
      ...(snapshot === undefined ? {} : { snapshot }),
      left: [...(left.get(index) ?? [])],
    }),
  )
}

function bordersOf({ after, upTo }: ExportRange): FeedTask['range'] {
  return { ...(after === undefined ? {} : { after: [...after] }), ...(upTo === undefined ? {} : { upTo: [...upTo] }) }
}

function emptyFile(writing: Writing): Promise<readonly FeedFile[]> {
  const { settings, table, attempt, generation, signal, rejections } = writing
  return writeNoRows({
    ...{ settings, table, generation, signal, rejections, seen: new Seen(), evenEmpty: true },
    nameOf: (part, extension) => feedNames(settings.name).data(attempt, part, extension),
    earlier: () => undefined,
    page: async () => {},
    read: async () => {},
    discard: async () => {},
  })
}

/** What workers have written so far. A worker that is still at it takes its own back; the rest is swept later. */
async function discardAttempt({ settings, attempt }: Writing, error: unknown): Promise<void> {
  const stem = feedNames(settings.name).attempt(attempt)
  const listed = await settings.to.list(stem, AbortSignal.timeout(LIST_MS)).catch(() => [])
  const rejected = feedNames(settings.name).rejected(attempt)
  const names = listed.map(({ name }) => name).filter((name) => name !== rejected)
  await discard({ settings, attempt, names, error })
}

const LIST_MS = 5_000
