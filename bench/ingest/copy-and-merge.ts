import { execFile } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'

/** What people do by hand: COPY a file into a temporary table, then merge it, in one transaction. */
export interface CopyAndMerge {
  /** `psql`, or the bare client where psql is missing. */
  readonly name: string
  run(url: string, file: string): Promise<void>
}

const TEMPORARY = 'create temporary table arrived (like scan_results) on commit drop'
const MERGE = `insert into scan_results as t select * from arrived
  on conflict (ip, port, service) do update set response = excluded.response, last_seen = excluded.last_seen
  where excluded.last_seen > t.last_seen`

export async function copyAndMerge(): Promise<CopyAndMerge> {
  for (const program of ['psql', '/usr/lib/postgresql/15/bin/psql']) {
    const there = await run(program, ['--version']).then(
      () => true,
      () => false,
    )
    if (there) return { name: 'psql COPY to a temporary table, merge', run: (url, file) => byPsql(program, url, file) }
  }
  return { name: 'COPY to a temporary table, merge (bare client; no psql here)', run: byClient }
}

const run = promisify(execFile)

async function byPsql(program: string, url: string, file: string): Promise<void> {
  const steps = ['begin', TEMPORARY, `\\copy arrived from '${file}'`, MERGE, 'commit']
  const commands = steps.flatMap((step) => ['-c', step.replaceAll('\n', ' ')])
  await run(program, ['-X', '-q', '-v', 'ON_ERROR_STOP=1', ...commands, url])
}

async function byClient(url: string, file: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('begin')
    await client.query(TEMPORARY)
    await pipeline(createReadStream(file), client.query(copyFrom('copy arrived from stdin')))
    await client.query(MERGE)
    await client.query('commit')
  } finally {
    await client.end()
  }
}
