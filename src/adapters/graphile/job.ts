import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Session } from '../postgres/session/session.js'

/** All that a job says: what is to be done is in the row of its range. */
export const JobPayload = z.object({ run: z.uuid(), range: z.int() })

/** Workers take jobs by it alone, so that one whose config says something else of the flow never gets any. */
export function identifierOf(flow: string, fingerprint: string): string {
  return `lockstep:${flow}:${fingerprint.slice(0, 24)}`
}

/** Of the job of a row of `lockstep_queue.ranges`. */
export function jobKey(alias = ''): SQL {
  return sql.raw(`('lockstep:' || ${alias}run || ':' || ${alias}range)`)
}

/** Those that are being worked on end with their worker, who finds the run closed. */
export async function removeJobs(session: Session, run: string): Promise<void> {
  await session.execute(sql`
    select count(graphile_worker.remove_job(${jobKey()})) from lockstep_queue.ranges
    where run = ${run}::uuid and state <> 'done'`)
}

/**
 * Jobs of the flow that were removed while a worker was at them, and that then failed, or whose worker was killed: the library
 * takes their key, and keeps them for good.
 */
export async function removeLeftJobs(session: Session, flow: string): Promise<void> {
  await session.execute(sql`
    select count(*) from graphile_worker.complete_jobs(array(
      select id from graphile_worker.jobs where starts_with(task_identifier, ${identifierOf(flow, '')})
        and key is null and attempts >= max_attempts and locked_at is null))`)
}
