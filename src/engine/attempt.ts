import type { Checkpoints, Lane, Position } from '../core/batch.js'
import { ConflictError, ReassignedError, UnavailableError } from '../core/errors.js'
import type { Ending } from './ending.js'
import type { Health } from './health.js'
import { Lanes } from './lane.js'
import type { Line } from './line.js'
import { link } from './link.js'
import type { Settings } from './options.js'
import { type Pump, type Pumped, pump } from './pump.js'
import { type RetryScope, retry } from './retry.js'
import { BatchStore } from './store-batch.js'

/** A source that has been read for so long without an error is healthy, if quiet. */
const QUIET_HEALTHY_MS = 5_000

/** The lane named in events about what all lanes share. */
export const ALL_LANES = '*'

export interface Attempt<Item> {
  readonly line: Line<Item>
  readonly settings: Settings
  readonly ending: Ending
  readonly health: Health
  /** Called once the source has been asked for its first batch. */
  asked(): void
  /** Called with each batch that came, and once when the source has been read for a while without an error. */
  works(): void
}

export type AttemptEnd =
  | { readonly kind: Pumped }
  /** The source reads other lanes from now on. */
  | { readonly kind: 'reassigned' }
  /** `stuck`: the source's iteration could not be ended, so there must not be another one. */
  | { readonly kind: 'failed'; readonly error: unknown; readonly stuck: boolean }

/** What another attempt may cure. */
export function mayRecover(error: unknown): error is UnavailableError | ConflictError | ReassignedError {
  return error instanceof UnavailableError || error instanceof ConflictError || error instanceof ReassignedError
}

/**
 * Loads the checkpoints, reads and stores until the source ends, the run leaves or something fails; then waits for the
 * lanes. When the source goes away the lanes finish what they have; when a lane fails, the others finish only the batch
 * they are at; after an error that nothing cures they stop where they are.
 */
export async function attempt<Item>(context: Attempt<Item>): Promise<AttemptEnd> {
  const { line, settings, ending, health } = context
  const reading = new AbortController()
  const abort = new AbortController()
  using _reading = link(reading, ending.leaving, ending.abort)
  using _abort = link(abort, ending.abort)
  const failures: unknown[] = []
  const failed = (error: unknown) => {
    failures.push(error)
    lanes.close()
    reading.abort()
    if (!mayRecover(error)) abort.abort(error)
  }
  const scope: RetryScope = {
    flow: line.flow,
    observer: settings.observer,
    health,
    options: settings.retry,
    leaving: reading.signal,
    abort: abort.signal,
  }
  const saved = new Map<Lane, Position>()
  const batches = new BatchStore(line, settings, scope, saved)
  const { maxBufferedBatches: perLane, maxInFlightBatches: total, maxConcurrentWrites: writing } = settings
  const lanes = new Lanes<Item>(
    { perLane, total, writing, bytes: settings.maxInFlightBytes },
    {
      sizeOf: ({ items }) => line.sizeOf?.(items) ?? 0,
      together: (waiting) => batches.together(waiting),
      store: (some) => batches.store(some),
      failed,
    },
  )

  let pumped: Pumped = 'left'
  try {
    const from = await loadCheckpoints(line, settings, scope)
    for (const [lane, position] of from) saved.set(lane, position)
    pumped = await read(context, { from, lanes, reading: reading.signal, abort: abort.signal })
  } catch (error) {
    if (mayRecover(error)) failures.push(error)
    else failed(error)
  }
  await lanes.settled()
  if (failures.length === 0) return { kind: pumped }
  if (failures.every((error) => error instanceof ReassignedError)) return { kind: 'reassigned' }
  return { kind: 'failed', error: worst(failures), stuck: pumped === 'stuck' }
}

async function read<Item>(
  context: Attempt<Item>,
  into: Pick<Pump<Item>, 'from' | 'lanes' | 'reading' | 'abort'>,
): Promise<Pumped> {
  const { line, settings, asked, works } = context
  const quiet = setTimeout(works, QUIET_HEALTHY_MS)
  try {
    const { closeDeadlineMs } = settings
    return await pump({ ...into, source: line.source, closeDeadlineMs, asked, came: works })
  } finally {
    clearTimeout(quiet)
  }
}

async function loadCheckpoints<Item>(line: Line<Item>, settings: Settings, scope: RetryScope): Promise<Checkpoints> {
  const store = line.sink.checkpoints ?? line.checkpoints
  if (store === undefined) return new Map()
  const subject = line.labels?.sink ?? 'sink'
  const call = { lane: ALL_LANES, subject, what: 'the checkpoints', deadlineMs: settings.stateDeadlineMs }
  return retry(scope, call, () => store.load(line.flow))
}

/** The first that nothing cures, else a conflict, else the first that is a failure. */
function worst(failures: readonly unknown[]): unknown {
  const incurable = failures.find((error) => !mayRecover(error))
  const conflict = failures.find((error) => error instanceof ConflictError)
  return incurable ?? conflict ?? failures.find((error) => !(error instanceof ReassignedError))
}
