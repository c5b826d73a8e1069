import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { z } from 'zod'
import {
  type DoneRange,
  type RangeFailure,
  type RangeRequest,
  type RangeRun,
  RangesError,
  type RangesState,
  type RunWatch,
} from '../../core/distribute.js'
import { EXIT } from '../../core/errors.js'
import type { PostgresDatabase } from '../postgres/database.js'
import type { Session } from '../postgres/session/session.js'
import { removeAbandoned } from './abandoned.js'
import { Failure } from './failure.js'
import { identifierOf, jobKey, removeJobs } from './job.js'
import { Patience } from './patience.js'
import { addRanges } from './ranges.js'

/** Between two looks at the ranges, which only read: so late the coordinator is for the last one. */
const LOOK_MS = 200
/** Between two words that the coordinator is there. */
const TOUCH_MS = 500
/** Between two looks at what became of jobs and workers. */
const TEND_MS = 1_000
const CANCEL_MS = 5_000

const Rows = z.array(
  z.object({
    range: z.coerce.number(),
    state: z.string(),
    result: z.string().nullable(),
    failure: z.string().nullable(),
    worker: z.string().nullable(),
    attempt: z.coerce.number(),
  }),
)
type RangeRow = z.infer<typeof Rows>[number]
const Run = z.array(z.object({ refused_by: z.string(), of: z.coerce.number() }))
const Parts = z.array(z.object({ part: z.coerce.number(), items: z.string() }))
const Lost = z.array(z.object({ locked_by: z.string() }))

/** `of`: how many ranges the run began with; a request may be about some of them. */
interface Standing {
  readonly refusedBy: readonly string[]
  readonly of: number
}

/** See `RangeRun`. It looks at the rows of its ranges now and then; what workers write are small rows, each in a place of its own. */
export class QueueRun implements RangeRun {
  readonly id: string
  readonly #database: PostgresDatabase
  readonly #request: RangeRequest
  readonly #resumed: boolean

  constructor(database: PostgresDatabase, id: string, request: RangeRequest, resumed = false) {
    this.id = id
    this.#database = database
    this.#request = request
    this.#resumed = resumed
  }

  async *done(watch: RunWatch): AsyncGenerator<DoneRange> {
    const { signal } = watch
    const left = new Set(this.#request.tasks.keys())
    const patience = new Patience(this.#request)
    const of = this.#request.tasks.size
    let standing: Standing = { refusedBy: [], of }
    let touchAt = 0
    let tendAt = this.#resumed ? 0 : Date.now() + TEND_MS
    for (;;) {
      if (Date.now() >= touchAt) {
        standing = await this.#touch(signal)
        touchAt = Date.now() + TOUCH_MS
      }
      if (Date.now() >= tendAt) {
        await this.#tend(signal)
        tendAt = Date.now() + TEND_MS
      }
      const rows = await this.#look([...left], signal)
      const failed = rows.find(({ state }) => state === 'failed')
      if (failed !== undefined) throw failure(failed, standing.of)
      const done = rows.filter(({ state }) => state === 'done')
      for (const row of done) left.delete(row.range)
      const running = rows.filter(({ state }) => state === 'running').length
      const state: RangesState = { done: of - left.size, running, of, refusedBy: standing.refusedBy }
      watch.told(state)
      for (const { range, result, worker } of done)
        yield { index: range, result: JSON.parse(result ?? 'null'), worker: worker ?? '' }
      if (left.size === 0) return
      patience.look(state)
      await delay(LOOK_MS, undefined, { signal })
    }
  }

  async *found(index: number, signal: AbortSignal): AsyncGenerator<readonly unknown[]> {
    for (let after = -1; ; ) {
      const rows = await this.#database.session.execute(
        sql`
          select f.part::text, f.items from lockstep_queue.found f
          join lockstep_queue.ranges r on r.run = f.run and r.range = f.range and r.attempt = f.attempt
          where f.run = ${this.id}::uuid and f.range = ${index}::int4 and f.part > ${after}::int4 order by f.part limit 1`,
        { signal, what: 'reading what was found in a range' },
      )
      const [next] = Parts.parse(rows)
      if (next === undefined) return
      after = next.part
      yield z.array(z.unknown()).parse(JSON.parse(next.items))
    }
  }

  async again(tasks: ReadonlyMap<number, unknown>, signal: AbortSignal): Promise<void> {
    const request = { ...this.#request, tasks }
    await this.#database.writing.transaction((session) => addRanges(session, this.id, request), {
      ...{ signal, what: 'putting ranges into the queue again' },
    })
  }

  async cancel(): Promise<void> {
    await this.#close((session) =>
      session.execute(sql`update lockstep_queue.runs set open = false where run = ${this.id}::uuid`),
    )
  }

  async end(): Promise<void> {
    await this.#close(async (session) => {
      await session.execute(sql`delete from lockstep_queue.runs where run = ${this.id}::uuid`)
      // One that was killed just before this one began was not known to be gone then.
      await removeAbandoned(session, this.#request.flow)
    })
  }

  async #close(work: (session: Session) => Promise<unknown>): Promise<void> {
    await this.#database.writing.transaction(
      async (session) => {
        await removeJobs(session, this.id)
        await work(session)
      },
      { signal: AbortSignal.timeout(CANCEL_MS), what: 'taking ranges out of the queue' },
    )
  }

  /** The coordinator is there. */
  async #touch(signal: AbortSignal): Promise<Standing> {
    const rows = await this.#database.session.execute(
      sql`update lockstep_queue.runs set seen_at = now() where run = ${this.id}::uuid and open
        returning to_json(refused_by)::text as refused_by, of::text`,
      { signal, what: 'looking at a run' },
    )
    const [run] = Run.parse(rows)
    if (run !== undefined) return { refusedBy: z.array(z.string()).parse(JSON.parse(run.refused_by)), of: run.of }
    throw new RangesError(
      'run-removed',
      'the ranges of this run are gone from the queue: another coordinator of the flow took this one for dead, or somebody removed them',
      { exitCode: EXIT.conflict },
    )
  }

  async #look(ranges: readonly number[], signal: AbortSignal): Promise<readonly RangeRow[]> {
    const rows = await this.#database.session.execute(
      sql`
        select range::text, state, result, failure, worker, attempt::text from lockstep_queue.ranges
        where run = ${this.id}::uuid and state <> 'waiting' and range = any(${sql.param(ranges)}::int4[]) order by range`,
      { signal, what: 'looking at ranges' },
    )
    return Rows.parse(rows)
  }

  /** What workers that are gone had taken goes to others; a range whose job is used up has failed; a job that is missing comes again. */
  async #tend(signal: AbortSignal): Promise<void> {
    const { attempts, flow, fingerprint, leaseMs } = this.#request
    const mine = sql`r.run = ${this.id}::uuid`
    await this.#database.writing.transaction(
      async (session) => {
        const rows = await session.execute(sql`
          update lockstep_queue.ranges r set state = 'waiting', failure = coalesce(failure, ${LOST}) where ${mine}
          and state = 'running' and seen_at < now() - ${leaseMs}::int4 * interval '1 ms' returning coalesce(locked_by, '') as locked_by`)
        // A worker that was lost after it got the job and before it took the range, or after it gave it back and before the job ended.
        const unheld = await session.execute(sql`
          update lockstep_queue.ranges r set failure = coalesce(failure, ${LOST}) from graphile_worker.jobs j where ${mine}
          and state = 'waiting' and coalesce(seen_at, '-infinity') < now() - ${leaseMs}::int4 * interval '1 ms'
          and j.key = ${jobKey('r.')} and j.locked_at < now() - ${leaseMs}::int4 * interval '1 ms'
          returning coalesce(j.locked_by, '') as locked_by`)
        const lost = Lost.parse([...rows, ...unheld]).map(({ locked_by }) => locked_by)
        if (lost.length > 0)
          await session.execute(sql`select graphile_worker.force_unlock_workers(${sql.param(lost)}::text[])`)
        await session.execute(sql`
          update lockstep_queue.ranges r set state = 'failed' from graphile_worker.jobs j
          where ${mine} and state = 'waiting' and failure is not null and j.key = ${jobKey('r.')}
            and j.attempts >= j.max_attempts and j.locked_at is null`)
        await session.execute(sql`
          select count(graphile_worker.add_job(${identifierOf(flow, fingerprint)},
            json_build_object('run', run, 'range', range), job_key => ${jobKey('r.')}, max_attempts => ${attempts}::int4))
          from lockstep_queue.ranges r where ${mine} and state = 'waiting'
            and not exists (select from graphile_worker.jobs j where j.key = ${jobKey('r.')})`)
      },
      { signal, what: 'tending ranges' },
    )
  }
}

const LOST = JSON.stringify({
  code: 'worker-lost',
  message: 'its worker was not heard of any more: it was killed, or cut off',
  exitCode: EXIT.unavailable,
} satisfies RangeFailure)

function failure({ range, failure: text, attempt }: RangeRow, of: number): RangesError {
  const { code, message, exitCode } = Failure.parse(JSON.parse(text ?? LOST))
  const times = attempt === 1 ? 'once' : `${attempt} times`
  return new RangesError(
    'range-failed',
    `range ${range + 1} of ${of} was taken ${times} and failed, the last time with ${code}: ${message}`,
    { exitCode },
  )
}
