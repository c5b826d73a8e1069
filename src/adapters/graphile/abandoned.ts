import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Session } from '../postgres/session/session.js'
import { removeJobs } from './job.js'

const Runs = z.array(z.object({ run: z.string() }))

/** What is left of runs of the flow whose coordinators are gone: nobody takes their results any more. */
export async function removeAbandoned(session: Session, flow: string): Promise<void> {
  const rows = await session.execute(sql`
    select run::text from lockstep_queue.runs
    where flow = ${flow} and (not open or seen_at < now() - lease_ms * interval '1 ms') for update skip locked`)
  for (const { run } of Runs.parse(rows)) {
    await removeJobs(session, run)
    await session.execute(sql`delete from lockstep_queue.runs where run = ${run}::uuid`)
  }
}
