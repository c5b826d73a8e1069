import { sql } from 'drizzle-orm'
import type { RangeRequest } from '../../core/distribute.js'
import type { Session } from '../postgres/session/session.js'
import { identifierOf, jobKey } from './job.js'

/** The ranges of a request, each with a job. Those that are there already are to be done again. */
export async function addRanges(session: Session, run: string, request: RangeRequest): Promise<void> {
  await session.execute(sql`
    insert into lockstep_queue.ranges (run, range, task)
    select ${run}::uuid, (t->>0)::int4, t->>1 from jsonb_array_elements(${tasksText(request)}::jsonb) t
    on conflict (run, range) do update set task = excluded.task, state = 'waiting', result = null, failure = null`)
  const { flow, fingerprint, attempts, tasks } = request
  await session.execute(sql`
    select count(graphile_worker.add_job(${identifierOf(flow, fingerprint)}, json_build_object('run', run, 'range', range),
      job_key => ${jobKey()}, max_attempts => ${attempts}::int4))
    from lockstep_queue.ranges where run = ${run}::uuid and range = any(${sql.param([...tasks.keys()])}::int4[])`)
}

function tasksText({ tasks }: RangeRequest): string {
  return JSON.stringify([...tasks].map(([index, task]) => [index, JSON.stringify(task)]))
}
