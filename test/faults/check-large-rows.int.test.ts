import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { builtCli, type Ended, type RunningCli } from '../support/built-cli.js'
import { dedicatedServer, FAST_SETTINGS, plainClient, testDatabase } from '../support/postgres.js'
import { query } from '../support/sql.js'

const EXAMPLE = fileURLToPath(new URL('../../examples/sync', import.meta.url))
const GATED = fileURLToPath(new URL('../flows/check/distributed/lockstep.config.ts', import.meta.url))
const A = testDatabase('a')
const B = testDatabase('b')

/** Bytes of a value; the first half of the rows differ, the second half are missing on one side. */
const VALUE = 10_000_000
const ROWS = 20

/** As the guide has it for a container of 256 MB: without limits Node leaves more garbage lying about. */
const IN_256_MB = { NODE_OPTIONS: '--max-old-space-size=96 --max-semi-space-size=1' }

test('check of rows of 10 MB stays below 256 MB, also where they are compressed to nothing', async () => {
  await using cli = await builtCli()
  for (const [side, url] of [A.url, B.url].entries()) {
    await using client = await plainClient(url)
    await client.query('create table records (id uuid primary key, value text)')
    await client.query(`insert into records select md5(i::text)::uuid, 'small' from generate_series(1000, 2000) i`)
    const large = `insert into records select md5(i::text)::uuid, repeat(chr(97 + i), ${VALUE}) || $1 from generate_series(1, $2) i`
    await client.query(large, [String(side), side === 0 ? ROWS : ROWS / 2])
  }
  const env = { A_URL: A.url, B_URL: B.url, ...IN_256_MB }
  const checking = cli.start(['check', 'mirror', '--json'], { cwd: EXAMPLE, env })
  const { code, stdout } = await below256(checking)
  expect(stdout).toMatch(/"missingLeft":0,"missingRight":10,"changed":10/)
  expect(code).toBe(1)
})

test('and holds while one side is frozen in the middle of them', async () => {
  await using cli = await builtCli()
  await using server = await dedicatedServer({ settings: FAST_SETTINGS })
  // Whoever fetches row 2 waits while somebody holds the gate; who sums up digests does not.
  const gate = (body: string): string =>
    `create function gate(id bigint) returns boolean language plpgsql as $$ begin ${body} return true; end $$`
  const wait = `if id = 2 and current_query() !~ 'sum\\(' then
    perform pg_advisory_lock_shared(7); perform pg_advisory_unlock_shared(7); end if;`
  const large = `create table large (id bigint primary key, value text);
    insert into large select i, repeat(md5(i::text), 10) from generate_series(100, 5000) i;
    insert into large select i, repeat(chr(97 + i::int), ${VALUE})`
  await query(A.url, `${gate('')}; ${large} from generate_series(1, 12) i`)
  await query(server.url(), `${gate(wait)}; ${large} || 'other' from generate_series(1, 6) i`)
  await using holder = await plainClient(server.url())
  await holder.query('select pg_advisory_lock(7)')
  const env = {
    LEFT_URL: A.url,
    RIGHT_URL: server.url(),
    TABLE: 'large',
    WHERE: 'gate(id)',
    ALONE: 'yes',
    ...IN_256_MB,
  }
  const checking = cli.start(['check', 'same', '--json', '--config', GATED], { env })
  const ended = below256(checking)
  ended.catch(() => undefined)
  const waiting = `select 1 from pg_locks where locktype = 'advisory' and not granted`
  await expect.poll(async () => (await query(server.url(), waiting)).length, { timeout: 60_000 }).toBe(1)
  await server.freeze(true)
  // What the other side can send meanwhile has come: it has nothing left to do.
  const quiet = `select count(*)::int as busy from pg_stat_activity where datname = current_database()
    and application_name like 'lockstep%' and clock_timestamp() - greatest(query_start, state_change) < interval '2 s'`
  await expect.poll(() => query(A.url, quiet), { timeout: 60_000, interval: 100 }).toEqual([{ busy: 0 }])
  await server.freeze(false)
  await holder.query('select pg_advisory_unlock(7)')
  const { code, stdout, stderr } = await ended
  expect(stdout, stderr).toMatch(/"missingLeft":0,"missingRight":6,"changed":6/)
  expect(code).toBe(1)
})

/** How it ended, having had so much at its peak. */
async function below256({ process, ended }: RunningCli): Promise<Ended> {
  let peakKb = 0
  const watch = setInterval(async () => {
    const status = await readFile(`/proc/${process.pid}/status`, 'utf8').catch(() => '')
    peakKb = Math.max(peakKb, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0))
  }, 20)
  try {
    return await ended
  } finally {
    clearInterval(watch)
    expect(peakKb).toBeGreaterThan(0)
    expect(peakKb).toBeLessThan(256 * 1024)
  }
}
