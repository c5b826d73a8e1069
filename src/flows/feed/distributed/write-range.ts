import type { RangeContext, RangeJob } from '../../../core/distribute.js'
import { ConfigError, UnavailableError } from '../../../core/errors.js'
import type { TableExport } from '../../../core/export.js'
import { failpoint } from '../../../core/failpoint.js'
import type { FeedFile } from '../manifest.js'
import { feedNames, newNonce, type Taking } from '../names.js'
import type { LeftFile } from '../published.js'
import { type Rejected, Rejections } from '../rejections.js'
import type { FeedSettings } from '../settings.js'
import { verifyFiles } from '../verify-files.js'
import { refuseUnsupported, writeFiles } from '../write-files.js'
import { RangeKeys } from './range-keys.js'
import { type FeedRange, FeedTask } from './range-task.js'

/**
 * Writes the files of one range under names of their own, and reads them back. A range that is done again has other names, so
 * that what a frozen worker still writes is in nobody's way.
 */
export async function writeRange(
  settings: FeedSettings,
  job: RangeJob,
  { name: flow, signal }: RangeContext,
): Promise<FeedRange> {
  const task = FeedTask.parse(job.task)
  const { sequence, run, generation, range, snapshot } = task
  const { where, from, to: store } = settings
  const table = await from.exports(signal, where === undefined ? {} : { where })
  await refuseElsewhere(settings, { task, table, flow, signal })
  refuseUnsupported(settings, table)
  const names = feedNames(settings.name)
  const taking: Taking = { sequence, run, range: job.index, nonce: newNonce() }
  const left = await leftFiles(settings, task, signal)
  const rejections = new Rejections()
  const keys = new RangeKeys(task)
  let read = 0
  const discard = (written: readonly string[]): Promise<void> =>
    store.delete(written, AbortSignal.timeout(DISCARD_MS)).catch(() => undefined)
  const files = await writeFiles({
    ...{ settings, table, generation, signal, rejections, seen: keys.seen, evenEmpty: false },
    reading: { range, snapshot },
    nameOf: (part, extension) => names.rangeData(taking, part, extension),
    earlier: (part) => left[part - 1],
    page: async (rows, rejected) => {
      read += rows
      await tell(job, rejected)
      failpoint('feed:range-page')
    },
    read: async () => {},
    discard,
  })
  try {
    await readBack(settings, files, signal)
    const told = await tellKeys(job, keys)
    return { files: [...files], read, skipped: rejections.skipped, rejected: rejections.rejected, keys: told }
  } catch (error) {
    await discard(files.map((file) => file.name))
    throw error
  }
}

const DISCARD_MS = 5_000

function tell(job: RangeJob, rejected: readonly Rejected[]): Promise<void> {
  return job.found(rejected.map((row) => ({ ...row, key: row.key.map(plain) })))
}

async function tellKeys(job: RangeJob, keys: RangeKeys): Promise<number> {
  let told = 0
  for (const { count, ...some } of keys.told()) {
    await job.found([some])
    told += count
  }
  return told
}

/** What JSON has no number for. */
function plain(value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

/** The coordinator would have to read all files of all workers. */
async function readBack({ to }: FeedSettings, files: readonly FeedFile[], signal: AbortSignal): Promise<void> {
  const [wrong] = await verifyFiles(to, files, signal)
  if (wrong === undefined) return
  const message = `${to.label}: ${wrong.file} ${wrong.problem}, when it was read back; the range is written anew`
  throw new UnavailableError('feed-damaged', message)
}

/** Those that are still there: who has left them may have taken them away. */
async function leftFiles(
  { name, to }: FeedSettings,
  { left, sequence }: FeedTask,
  signal: AbortSignal,
): Promise<readonly LeftFile[]> {
  const [first] = left
  if (first === undefined) return left
  const is = feedNames(name).parse(first.name)
  if (is?.kind !== 'data' || is.sequence !== sequence) return []
  const there = new Set(
    (await to.list(first.name.slice(0, first.name.lastIndexOf('-')), signal)).map((one) => one.name),
  )
  return left.every((file) => there.has(file.name)) ? left : []
}

interface Here {
  readonly task: FeedTask
  readonly table: TableExport
  readonly flow: string
  readonly signal: AbortSignal
}

async function refuseElsewhere({ from, name }: FeedSettings, { task, table, flow, signal }: Here): Promise<void> {
  const { id } = await from.database.identify(signal)
  if (id === task.database && name === task.name && table.fingerprint === task.schema) return
  throw new ConfigError({
    code: 'range-elsewhere',
    key: `flows.${flow}`,
    message:
      'what this worker found is not what the coordinator found: the table is of another server or database, or was altered, or the feed has another name',
    fix: 'give all processes the same addresses, and run the feed again once migrations are done',
  })
}
