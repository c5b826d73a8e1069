import { randomUUID } from 'node:crypto'
import { sql } from 'drizzle-orm'
import type { Diagnosis, GrantList } from '../../core/diagnosis.js'
import type { RangeQueue, RangeRequest, RangeRun, Served, ServeOptions } from '../../core/distribute.js'
import { UnavailableError } from '../../core/errors.js'
import type { Secret } from '../../core/secret.js'
import { type PostgresDatabase, postgres } from '../postgres/database.js'
import { type Address, parseAddress } from '../postgres/session/address.js'
import { removeAbandoned } from './abandoned.js'
import { Absence } from './absence.js'
import { diagnoseQueue } from './diagnose-queue.js'
import { removeLeftJobs } from './job.js'
import { prepareQueue } from './prepare.js'
import { queueGrants } from './queue-grants.js'
import { QueueRun } from './queue-run.js'
import { addRanges } from './ranges.js'
import { serveRanges } from './serve-ranges.js'

/**
 * The queue of ranges in a PostgreSQL database: jobs of graphile-worker, and beside them what they are about and what came
 * of them. Opens nothing until it is used.
 *
 * @throws ConfigError when the URL is wrong.
 */
export function graphileQueue(url: Secret): RangeQueue {
  return new GraphileQueue(parseAddress(url, { insecureTls: false }), postgres(url))
}

class GraphileQueue implements RangeQueue {
  readonly #address: Address
  readonly #database: PostgresDatabase
  #prepared: Promise<void> | undefined

  constructor(address: Address, database: PostgresDatabase) {
    this.#address = address
    this.#database = database
  }

  async begin(request: RangeRequest, signal: AbortSignal): Promise<RangeRun> {
    await this.#prepare(signal)
    const run = randomUUID()
    await this.#database.writing.transaction(
      async (session) => {
        await removeAbandoned(session, request.flow)
        await removeLeftJobs(session, request.flow)
        await session.execute(sql`
          insert into lockstep_queue.runs (run, flow, fingerprint, of, lease_ms)
          values (${run}::uuid, ${request.flow}, ${request.fingerprint}, ${request.tasks.size}::int4, ${request.leaseMs}::int4)`)
        await addRanges(session, run, request)
      },
      { signal, what: 'putting ranges into the queue' },
    )
    return new QueueRun(this.#database, run, request)
  }

  async resume(run: string, request: RangeRequest, signal: AbortSignal): Promise<RangeRun | undefined> {
    await this.#prepare(signal)
    const { flow, fingerprint } = request
    const found = await this.#database.writing.transaction(
      async (session) => {
        const rows = await session.execute(sql`
          update lockstep_queue.runs set open = true, seen_at = now(), refused_by = '{}'
          where run = ${run}::uuid and flow = ${flow} and fingerprint = ${fingerprint} returning run::text`)
        if (rows.length === 0) return false
        await session.execute(sql`
          update lockstep_queue.ranges set state = 'waiting', failure = null
          where run = ${run}::uuid and state = 'failed'`)
        return true
      },
      { signal, what: 'going on with ranges' },
    )
    // Jobs that are missing or used up are added by the run as it looks at what is waiting.
    return found ? new QueueRun(this.#database, run, request, true) : undefined
  }

  async serve(options: ServeOptions): Promise<Served> {
    const absence = new Absence(options)
    if (!(await this.#waitUntilThere(absence, options.drain))) return { done: 0, failed: 0, refused: 0 }
    return serveRanges(this.#database, this.#address, { ...options, absence })
  }

  diagnose(signal: AbortSignal): Promise<readonly Diagnosis[]> {
    return diagnoseQueue(this.#database, signal)
  }

  grants(role: string, signal: AbortSignal): Promise<GrantList> {
    return queueGrants(this.#database, role, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database[Symbol.asyncDispose]()
  }

  /** `false`: the worker is to stop before. */
  async #waitUntilThere(absence: Absence, drain: AbortSignal): Promise<boolean> {
    while (!drain.aborted) {
      try {
        await this.#prepare(drain)
        absence.over()
        return true
      } catch (error) {
        if (drain.aborted) return false
        if (!(error instanceof UnavailableError)) throw error
        await absence.wait(error)
      }
    }
    return false
  }

  async #prepare(signal: AbortSignal): Promise<void> {
    this.#prepared ??= prepareQueue(this.#database, this.#address, signal)
    try {
      await this.#prepared
    } catch (error) {
      this.#prepared = undefined
      throw error
    }
  }
}
