import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { RangeFailure, RangeJob } from '../../core/distribute.js'
import type { PostgresDatabase } from '../postgres/database.js'
import type { ExecuteOptions } from '../postgres/session/session.js'
import { piecesOf } from './pieces.js'

/** What a job is about, and who has it. */
export interface Claim {
  readonly run: string
  readonly range: number
  readonly worker: string
  /** As the library calls the process. */
  readonly lockedBy: string
}

/** Why a range is not this worker's any more. */
export class RangeLost extends Error {
  /** The coordinator is gone, or was told to stop: nobody wants the range. */
  readonly unwanted: boolean

  constructor(unwanted: boolean) {
    super(unwanted ? 'the run was ended' : 'the range was given to another worker')
    this.unwanted = unwanted
  }
}

const Claimed = z.array(z.object({ task: z.string(), attempt: z.coerce.number(), lease: z.coerce.number() }))
/** Whether the range is still this worker's, and whether anybody wants it. */
const StandingRow = z.tuple([z.object({ mine: z.boolean(), open: z.boolean() })])
type Standing = z.infer<typeof StandingRow>[0]
/** Beats within a lease. */
const BEATS = 4

/**
 * A range that this worker has. Each taking has a number of its own, and nothing that an earlier one writes counts: a worker
 * that was frozen, and whose range was given to another, cannot spoil it when it thaws.
 */
export class HeldRange implements RangeJob, AsyncDisposable {
  readonly index: number
  readonly task: unknown
  readonly #database: PostgresDatabase
  readonly #claim: Claim
  readonly #attempt: number
  readonly #leaseMs: number
  readonly #lost = new AbortController()
  #beating: NodeJS.Timeout | undefined
  #beatAt = Date.now()
  #parts = 0

  private constructor(database: PostgresDatabase, claim: Claim, found: z.infer<typeof Claimed>[number]) {
    this.#database = database
    this.#claim = claim
    this.index = claim.range
    this.task = JSON.parse(found.task)
    this.#attempt = found.attempt
    this.#leaseMs = found.lease
    this.#later()
  }

  /** `undefined`: it is done already, or nobody wants it any more. */
  static async take(database: PostgresDatabase, claim: Claim): Promise<HeldRange | undefined> {
    const { run, range, worker, lockedBy } = claim
    const rows = await database.session.execute(
      sql`
        update lockstep_queue.ranges r set state = 'running', attempt = attempt + 1, worker = ${worker},
          locked_by = ${lockedBy}, seen_at = now(), result = null
        from lockstep_queue.runs u
        where r.run = ${run}::uuid and range = ${range}::int4 and state in ('waiting', 'running') and u.run = r.run and u.open
        returning task, attempt::text, u.lease_ms::text as lease`,
      { what: 'taking a range' },
    )
    const [found] = Claimed.parse(rows)
    if (found === undefined) return undefined
    await database.session.execute(
      sql`delete from lockstep_queue.found where run = ${run}::uuid and range = ${range}::int4 and attempt < ${found.attempt}::int4`,
      { what: 'taking a range' },
    )
    return new HeldRange(database, claim, found)
  }

  /** Aborts, with a `RangeLost`, when the range is this worker's no longer. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  async found(items: Iterable<unknown>): Promise<void> {
    const { run, range } = this.#claim
    for (const piece of piecesOf(items)) {
      await this.#database.session.execute(
        sql`
          insert into lockstep_queue.found (run, range, attempt, part, items)
          select run, range, ${this.#attempt}::int4, ${this.#parts++}::int4, ${piece} from lockstep_queue.ranges
          where run = ${run}::uuid and range = ${range}::int4`,
        { signal: this.lost, what: 'keeping what was found in a range' },
      )
    }
  }

  /** Throws `RangeLost` when it was another's by then, or nobody's. */
  async done(result: unknown): Promise<void> {
    const { mine, open } = await this.#set(sql`state = 'done', failure = null, result = ${JSON.stringify(result)}`)
    if (!mine) throw new RangeLost(!open)
  }

  /** `last`: it is not to be tried again. Throws `RangeLost` as `done` does. */
  async failed(failure: RangeFailure, last: boolean): Promise<void> {
    const state = last ? 'failed' : 'waiting'
    const { mine, open } = await this.#set(sql`state = ${state}, failure = ${JSON.stringify(failure)}`)
    if (!mine) throw new RangeLost(!open)
  }

  /**
   * Gives it back, to be taken again at once, and not counted as a failure. The job has to have ended before: the answer is
   * `false` until it has.
   */
  async giveBack(job: { readonly id: string; readonly attempts: number }): Promise<boolean> {
    // Where the run is over nobody would ever take it: other workers may have another config by then.
    const rows = await this.#database.session.execute(
      sql`
        select job.id from (select exists (
            select from lockstep_queue.runs where run = ${this.#claim.run}::uuid and open) as open) run,
          lateral (
            select id from graphile_worker.reschedule_jobs(
              case when run.open then array[${job.id}::int8] else '{}' end, run_at => now(), attempts => ${job.attempts - 1}::int4)
            union all
            select id from graphile_worker.complete_jobs(case when run.open then '{}' else array[${job.id}::int8] end)) job`,
      { what: 'giving a range back' },
    )
    if (rows.length === 0) return false
    await this.#set(sql`state = 'waiting'`)
    return true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#beating)
    this.#beating = undefined
    if (!this.lost.aborted) this.#lost.abort(new RangeLost(false))
  }

  async #set(values: ReturnType<typeof sql>): Promise<Standing> {
    return this.#update(sql`${values}, seen_at = now()`, { what: 'telling of a range' })
  }

  /** Nothing is set when the range is another's by then. */
  async #update(values: ReturnType<typeof sql>, options: ExecuteOptions): Promise<Standing> {
    const rows = await this.#database.session.execute(
      sql`
        with mine as (update lockstep_queue.ranges set ${values} where ${this.#mine()} returning range)
        select exists (select from mine) as mine,
          coalesce((select open from lockstep_queue.runs where run = ${this.#claim.run}::uuid), false) as open`,
      options,
    )
    const [standing] = StandingRow.parse(rows)
    if (standing.mine || !standing.open) return standing
    // It may have waited for whoever removed the run, which it had looked at before.
    const runs = await this.#database.session.execute(
      sql`select 1 as open from lockstep_queue.runs where run = ${this.#claim.run}::uuid and open`,
      options,
    )
    return { mine: false, open: runs.length > 0 }
  }

  #mine(): ReturnType<typeof sql> {
    const { run, range } = this.#claim
    return sql`run = ${run}::uuid and range = ${range}::int4 and attempt = ${this.#attempt}::int4 and state = 'running'`
  }

  #later(): void {
    this.#beating = setTimeout(() => void this.#beat(), this.#leaseMs / BEATS)
  }

  async #beat(): Promise<void> {
    try {
      const options = { what: 'telling that a range is worked on', signal: this.lost, deadlineMs: this.#leaseMs }
      const { mine, open } = await this.#update(sql`seen_at = now()`, options)
      this.#beatAt = Date.now()
      if (!open || !mine) this.#lost.abort(new RangeLost(!open))
    } catch {
      // The queue cannot be reached: by the end of the lease others may have the range.
      if (Date.now() - this.#beatAt > this.#leaseMs) this.#lost.abort(new RangeLost(false))
    }
    if (this.#beating !== undefined && !this.lost.aborted) this.#later()
  }
}
