import { EventEmitter } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import type { JobHelpers, Runner, TaskList, WorkerEvents } from 'graphile-worker'
import { z } from 'zod'
import type { RangedWork, Served, ServeOptions } from '../../core/distribute.js'
import { ConfigError } from '../../core/errors.js'
import type { PostgresDatabase } from '../postgres/database.js'
import type { Address } from '../postgres/session/address.js'
import { translate } from '../postgres/session/errors.js'
import type { Absence } from './absence.js'
import { failureOf } from './failure.js'
import { HeldRange, RangeLost } from './held-range.js'
import { identifierOf, JobPayload } from './job.js'
import { graphileWorker, poolFor, silentLogger } from './library.js'

/** How soon a range that was given back, or whose worker is gone, is noticed. */
const POLL_MS = 500
/** Between two looks for runs that this worker's config does not fit. */
const REFUSE_MS = 2_000
/**
 * The library writes the end of a job down without waiting for it: only in batches, however short, does it take notice when the
 * queue is away then. Else that ends the process.
 */
const IN_BATCHES = { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } }
/** So often it is looked whether the library has let go of a job. */
const LET_GO = { everyMs: 50, times: 60 }

const Refused = z.array(z.object({ run: z.string(), flow: z.string() }))

/** See `RangeQueue.serve`. `absence`: what is known of the queue's. */
export async function serveRanges(
  database: PostgresDatabase,
  address: Address,
  { absence, ...options }: ServeOptions & { readonly absence: Absence },
): Promise<Served> {
  const serving = new Serving(database, options, absence)
  await serving.refuse()
  const refusing = setInterval(() => void serving.refuse(), REFUSE_MS)
  try {
    while (!options.drain.aborted && !serving.finished) {
      try {
        await serving.run(address)
      } catch (error) {
        if (options.drain.aborted) break
        await absence.wait(translate(error, { what: 'taking ranges', label: database.label }))
      }
    }
  } finally {
    clearInterval(refusing)
  }
  return serving.served
}

interface Returned {
  readonly range: HeldRange
  readonly flow: string
  readonly job: JobHelpers['job']
}

class Serving {
  finished = false
  readonly #database: PostgresDatabase
  readonly #options: ServeOptions
  readonly #absence: Absence
  readonly #returned: Returned[] = []
  readonly #refused = new Set<string>()
  #active = 0
  #done = 0
  #failed = 0

  constructor(database: PostgresDatabase, options: ServeOptions, absence: Absence) {
    this.#database = database
    this.#options = options
    this.#absence = absence
  }

  get served(): Served {
    return { done: this.#done, failed: this.#failed, refused: this.#refused.size }
  }

  /** Until it is to stop, or the queue is lost, which throws. */
  async run(address: Address): Promise<void> {
    const { concurrency, drain, once } = this.#options
    const { run } = await graphileWorker()
    const pgPool = poolFor(address, concurrency)
    const events: WorkerEvents = new EventEmitter()
    const shared = {
      pgPool,
      concurrency,
      events,
      preset: IN_BATCHES,
      logger: await silentLogger(),
      pollInterval: POLL_MS,
    }
    let runner: Runner | undefined
    const stop = (): void => {
      runner?.stop().catch(() => undefined)
      runner = undefined
    }
    if (once)
      events.on('worker:getJob:empty', () => {
        if (this.#active > 0) return
        this.finished = true
        stop()
      })
    try {
      const started = await run({ ...shared, noHandleSignals: true, parsedCronItems: [], taskList: this.#tasks() })
      runner = started
      this.#absence.over()
      drain.addEventListener('abort', stop, { once: true })
      if (drain.aborted || this.finished) stop()
      await started.promise
    } finally {
      drain.removeEventListener('abort', stop)
      await this.#giveBack()
      await pgPool.end().catch(() => undefined)
    }
  }

  /** Says of runs whose coordinators have another config that this worker does none of their ranges. */
  async refuse(): Promise<void> {
    const { name, flows, told } = this.#options
    const own = JSON.stringify([...flows].map(([flow, { fingerprint }]) => ({ flow, fingerprint })))
    const rows = await this.#database.session
      .execute(
        sql`
          update lockstep_queue.runs u set refused_by = case when ${name} = any(refused_by) then refused_by else refused_by || ${name}::text end
          from json_to_recordset(${own}::json) as own(flow text, fingerprint text)
          where u.flow = own.flow and u.fingerprint <> own.fingerprint and u.open and u.seen_at > now() - u.lease_ms * interval '1 ms'
          returning u.run::text, u.flow`,
        { what: 'looking for runs', signal: this.#options.drain },
      )
      .catch(() => [])
    for (const { run, flow } of Refused.parse(rows)) {
      if (this.#refused.has(run)) continue
      this.#refused.add(run)
      told({ type: 'refused', flow, run })
    }
  }

  #tasks(): TaskList {
    const tasks: TaskList = {}
    for (const [flow, work] of this.#options.flows) {
      tasks[identifierOf(flow, work.fingerprint)] = (payload, helpers) => this.#task(flow, work, { payload, helpers })
    }
    return tasks
  }

  async #task(
    flow: string,
    work: RangedWork,
    { payload, helpers: { job } }: { readonly payload: unknown; readonly helpers: JobHelpers },
  ): Promise<void> {
    const { name, told } = this.#options
    const { run, range: index } = JobPayload.parse(payload)
    const claim = { run, range: index, worker: name, lockedBy: job.locked_by ?? '' }
    this.#active++
    try {
      // Not cut short: one that is told to stop by now gives it back.
      const range = await HeldRange.take(this.#database, claim)
      if (range === undefined) return
      told({ type: 'taken', flow, range: index })
      await this.#do(range, work, { flow, job })
    } finally {
      this.#active--
    }
  }

  async #do(range: HeldRange, work: RangedWork, { flow, job }: Pick<Returned, 'flow' | 'job'>): Promise<void> {
    const { drain, told } = this.#options
    let givenBack = false
    try {
      try {
        await this.#work(range, work, flow)
      } catch (error) {
        if (range.lost.aborted || error instanceof RangeLost) throw error
        givenBack = drain.aborted
        if (givenBack) {
          this.#returned.push({ range, flow, job })
          throw error
        }
        await this.#fail(range, { flow, job, error })
      }
    } catch (error) {
      const lost = range.lost.aborted ? range.lost.reason : error
      if (!(lost instanceof RangeLost)) throw error
      told({ type: 'lost', flow, range: range.index })
      // The job of what nobody wants has to end well: one that fails stays in the queue for good.
      if (!lost.unwanted) throw lost
    } finally {
      if (!givenBack) await range[Symbol.asyncDispose]()
    }
  }

  async #work(range: HeldRange, work: RangedWork, flow: string): Promise<void> {
    const signal = AbortSignal.any([this.#options.drain, range.lost])
    const result = await work.work(range, { name: flow, signal })
    signal.throwIfAborted()
    await range.done(result)
    this.#done++
    this.#options.told({ type: 'done', flow, range: range.index })
  }

  /** A config that is wrong stays so; anything else may go better the next time. */
  async #fail(
    range: HeldRange,
    { flow, job, error }: Pick<Returned, 'flow' | 'job'> & { readonly error: unknown },
  ): Promise<void> {
    this.#failed++
    const last = error instanceof ConfigError || job.attempts >= job.max_attempts
    const failure = error instanceof Error ? error : new Error(String(error))
    this.#options.told({ type: 'failed', flow, range: range.index, error: failure })
    await range.failed(failureOf(error), last)
    if (!last) throw failure
  }

  async #giveBack(): Promise<void> {
    for (const { range, flow, job } of this.#returned.splice(0)) {
      for (let at = 0; at < LET_GO.times; at++) {
        const given = await range.giveBack(job).catch(() => true)
        if (given) break
        await delay(LET_GO.everyMs)
      }
      await range[Symbol.asyncDispose]()
      this.#options.told({ type: 'returned', flow, range: range.index })
    }
  }
}
