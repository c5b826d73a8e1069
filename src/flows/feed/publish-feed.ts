import { ConflictError, DataError, LockstepError, UnavailableError } from '../../core/errors.js'
import type { TableExport } from '../../core/export.js'
import { failpoint } from '../../core/failpoint.js'
import type { FlowContext } from '../../core/flow.js'
import { isObjectMissing } from '../../core/object-store.js'
import { describe, nextGeneration } from './descriptor.js'
import { distributeFeed } from './distributed/distribute-feed.js'
import { feedFingerprint } from './distributed/fingerprint.js'
import { lookForFiles } from './distributed/stored-files.js'
import type { AttemptNotes, RunNotes } from './history/run-notes.js'
import { type Incremental, isIncrement, reachOf } from './increment.js'
import { formatManifest, type Manifest, readManifest } from './manifest.js'
import { type Attempt, feedNames, newRun } from './names.js'
import type { Generation } from './part-file.js'
import type { Preset } from './preset.js'
import { Published } from './published.js'
import { putBytes } from './put-bytes.js'
import type { FeedSettings } from './settings.js'
import { compressionOf } from './text-encoder.js'
import { verifyFiles } from './verify-files.js'
import { discard, type Shared, type Writing, type WrittenFeed, writeFeed } from './write-feed.js'

export interface Publication {
  readonly manifest: Manifest
  /** `unchanged`: the newest feed has the same files already, and nothing was published. */
  readonly outcome: 'published' | 'unchanged'
  /** Who wrote it, where that was not this process. */
  readonly shared: Shared | undefined
}

/** `notes`: hears what the run comes to. */
export type PublishContext = Pick<FlowContext, 'name' | 'observer' | 'full' | 'queue'> & { readonly notes: RunNotes }

/**
 * Writes the files under new names, reads them back, and then makes the manifest, which nobody else can make a second
 * time. Until that moment no reader sees anything; from it on all see everything.
 */
export async function publishFeed(
  settings: FeedSettings,
  context: PublishContext,
  signal: AbortSignal,
): Promise<Publication> {
  const before = await Published.look(settings.to, settings.name, signal)
  await before.tidy(settings.keep, signal)
  const previous = await before.newest(signal)
  const attempt: Attempt = { sequence: before.last + 1, run: newRun() }
  const notes = context.notes.begin(attempt.run)
  const generation = await nextGeneration(settings, previous, signal)
  const { sequence } = attempt
  const { where, incremental } = await reachOf(settings, { sequence, previous, full: context.full === true }, signal)
  const table = await settings.from.exports(signal, where === undefined ? {} : { where })
  notes.keyColumns = table.key
  const writing: Writing = {
    settings,
    table,
    attempt,
    left: before.leftOf(sequence),
    generation,
    signal,
    rejections: notes.rejections,
    progress: progressOf(context, notes),
  }
  const { queue } = context
  const { distribute } = settings
  const alone = distribute === undefined || queue === undefined
  const written = alone
    ? await writeFeed(writing)
    : await distributeFeed(writing, {
        ...{ distribute, queue, context, fingerprint: feedFingerprint(settings) },
        left: before.leftRanges(sequence),
      })
  const manifest = manifestOf({ settings, attempt, generation, written, table, incremental })
  notes.manifest = manifest
  const { shared } = written
  return publishWritten({ settings, attempt, manifest, shared, previous, whole: await before.whole(signal), signal })
}

function progressOf({ name: flow, observer }: PublishContext, notes: AttemptNotes): Writing['progress'] {
  return (items, durationMs) => {
    notes.read += items
    observer({ flow, type: 'batch', lane: 'feed', items, durationMs, lagMs: undefined })
  }
}

interface Finishing {
  readonly settings: FeedSettings
  readonly attempt: Attempt
  readonly manifest: Manifest
  readonly shared: Shared | undefined
  readonly previous: Manifest | undefined
  /** The newest feed that has all rows. */
  readonly whole: Manifest | undefined
  readonly signal: AbortSignal
}

async function publishWritten(finishing: Finishing): Promise<Publication> {
  const { settings, attempt, manifest, shared, previous, whole } = finishing
  const files = names(manifest.files)
  try {
    if (settings.whenUnchanged === 'skip' && previous !== undefined && hasNothingNew(previous, manifest)) {
      await discard({ settings, attempt, names: files })
      return { manifest: previous, outcome: 'unchanged', shared }
    }
    guardSize(settings.as.preset, manifest)
    guardShrink(settings, whole, manifest)
    await verifyWritten(finishing)
    failpoint('feed:before-manifest')
    await putManifest(finishing)
    failpoint('feed:after-manifest')
    return { manifest, outcome: 'published', shared }
  } catch (error) {
    // When nobody knows whether the manifest was made its files have to stay; the next run knows.
    if (!(error instanceof UnavailableError && error.code === 'manifest-unknown')) {
      await discard({ settings, attempt, names: files })
    }
    throw error
  }
}

interface Contents extends Pick<Finishing, 'settings' | 'attempt'> {
  readonly generation: Generation
  readonly written: WrittenFeed
  readonly table: TableExport
  readonly incremental: Incremental | undefined
}

function manifestOf({ settings, attempt, generation, written, table, incremental }: Contents): Manifest {
  const { preset } = settings.as
  const asRead = settings.map === undefined && settings.schema === undefined
  const key = preset === undefined ? (asRead ? table.key : undefined) : [preset.key]
  const { files, rejections } = written
  const total = (of: 'rows' | 'bytes'): number => files.reduce((sum, file) => sum + file[of], 0)
  return {
    kind: 'lockstep-feed',
    version: 1,
    name: settings.name,
    ...attempt,
    publishedAt: new Date().toISOString(),
    format: settings.as.name,
    compression: compressionOf(settings).kind,
    rows: total('rows'),
    bytes: total('bytes'),
    skipped: rejections.skipped,
    rejected: rejections.rejected,
    columns: table.columns.map(({ name, type }) => ({ name, type })),
    schema: table.fingerprint,
    ...(key === undefined ? {} : { key: [...key] }),
    files: [...files],
    ...momentsOf(settings, written),
    ...(incremental === undefined ? {} : { incremental }),
    ...(preset === undefined ? {} : { descriptor: describe(preset.descriptor, generation, names(files)) }),
  }
}

/** What is to be said of rows that are not all of one moment. */
function momentsOf({ consistency }: FeedSettings, { shared }: WrittenFeed): Pick<Manifest, 'consistency' | 'moments'> {
  if (consistency === 'snapshot') return {}
  return { consistency, ...(consistency === 'ranges' && shared !== undefined ? { moments: shared.ranges } : {}) }
}

function names(files: Manifest['files'] | WrittenFeed['files']): readonly string[] {
  return files.map(({ name }) => name)
}

/** A row that alone is larger than a file may be makes a file that the consumer would refuse. */
function guardSize(preset: Preset | undefined, { files }: Manifest): void {
  const large = files.find(({ bytes }) => bytes > (preset?.maxFileBytes ?? Number.POSITIVE_INFINITY))
  if (preset === undefined || large === undefined) return
  const message = `a file of the feed has ${large.bytes} bytes and ${preset.name} takes at most ${preset.maxFileBytes}: it has a row that is too large; nothing was published`
  throw new DataError('feed-file-too-large', message)
}

function hasNothingNew(previous: Manifest, manifest: Manifest): boolean {
  return (isIncrement(manifest) && manifest.rows === 0) || contentOf(previous) === contentOf(manifest)
}

/** All that a reader could tell apart; the names of files are new each time. */
function contentOf({ format, compression, schema, files }: Manifest): string {
  return JSON.stringify([format, compression, schema, files.map(({ rows, bytes, sha256 }) => [rows, bytes, sha256])])
}

function guardShrink({ shrink }: FeedSettings, previous: Manifest | undefined, manifest: Manifest): void {
  const { rows } = manifest
  if (isIncrement(manifest) || previous === undefined || rows >= previous.rows * (1 - shrink)) return
  const lost = Math.round((100 * (previous.rows - rows)) / previous.rows)
  const message = `the feed has ${rows} rows and the one before had ${previous.rows}: it lost ${lost} %, more than shrink: ${shrink} allows; nothing was published. When that is right, raise shrink for one run`
  throw new DataError('feed-shrunk', message)
}

async function verifyWritten(finishing: Finishing): Promise<void> {
  const { settings, attempt, manifest, shared, signal } = finishing
  const { files } = manifest
  if (shared !== undefined) return lookForFiles(settings, { attempt, files }, signal)
  const [problem] = await verifyFiles(settings.to, files, signal)
  if (problem === undefined) return
  // Whoever published in the meantime has swept the files of this attempt.
  await refuseOvertaken(finishing)
  const message = `${settings.to.label}: ${problem.file} ${problem.problem}, when it was read back; nothing was published`
  throw new UnavailableError('feed-damaged', message)
}

async function refuseOvertaken({ settings, attempt, signal }: Finishing, cause?: unknown): Promise<void> {
  const now = await Published.look(settings.to, settings.name, signal)
  if (now.last >= attempt.sequence) throw overtaken(settings, attempt, cause)
}

async function putManifest(finishing: Finishing): Promise<void> {
  const { settings, attempt, manifest, signal } = finishing
  const object = feedNames(settings.name).manifest(attempt.sequence)
  // A newer one than ours may be there while ours is not, when retention took it away.
  await refuseOvertaken(finishing)
  try {
    await putBytes(settings.to, object, { bytes: formatManifest(manifest), signal })
  } catch (error) {
    await settle(finishing, object, error)
  }
}

/**
 * The answer to the put was lost or bad: looks whether the manifest is there all the same. A conflict may be with our own,
 * when a store repeated the put. One that is not there may still come, as a request can arrive after its sender gave up.
 */
async function settle({ settings, attempt }: Finishing, object: string, error: unknown): Promise<void> {
  const conflict = error instanceof ConflictError
  if (error instanceof LockstepError && !conflict && !isDoubtful(error)) throw error
  try {
    const found = await readManifest(settings.to, object, AbortSignal.timeout(SETTLE_MS))
    if (found.run === attempt.run) return
  } catch (unread) {
    if (!(conflict && isObjectMissing(unread))) throw unknown(error)
  }
  throw overtaken(settings, attempt, error)
}

/** A full disk has taken nothing; its files must not stay to keep it full. */
function isDoubtful(error: LockstepError): boolean {
  return error instanceof UnavailableError && error.code !== 'store-full'
}

function unknown(cause: unknown): UnavailableError {
  const what =
    cause instanceof LockstepError ? cause.message : 'the manifest was being written when the run was stopped'
  const message = `${what}; whether the feed was published is not known. Run the flow again`
  return new UnavailableError('manifest-unknown', message, { cause })
}

const SETTLE_MS = 10_000

function overtaken({ name, to }: FeedSettings, { sequence }: Attempt, cause?: unknown): ConflictError {
  const message = `${to.label}: another run has published feed ${sequence} of ${name} in the meantime; this one has published nothing. Run it again if its rows are to be newer`
  return new ConflictError('feed-overtaken', message, { cause })
}
