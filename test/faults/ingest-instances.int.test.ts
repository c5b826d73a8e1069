import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BuiltCli, builtCli, type RunningCli } from '../support/built-cli.js'
import { kill, startIngest, stop } from '../support/ingest/ingest-process.js'
import { Published } from '../support/ingest/published.js'
import { kurrentdbStream } from '../support/ingest/streams.js'
import { expectFold, mariadbTarget, postgresTarget, settled, type Target } from '../support/ingest/target.js'
import { mariadbQuery, testMariadb } from '../support/mariadb.js'
import { testDatabase } from '../support/postgres.js'
import { query } from '../support/sql.js'

const postgres = testDatabase().url
const mariadb = testMariadb().url

const TARGETS = [
  { name: 'PostgreSQL', target: postgresTarget(postgres), endIdle: endIdleBackends },
  { name: 'MariaDB', target: mariadbTarget(mariadb), endIdle: endIdleThreads },
]

/** Ends transactions that their client has left alone for a second: as the server does by itself after a minute. */
async function endIdleBackends(): Promise<void> {
  await query(
    postgres,
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
      and state = 'idle in transaction' and state_change < now() - interval '1 second'`,
  )
}

async function endIdleThreads(): Promise<void> {
  const idle = await mariadbQuery(
    mariadb,
    `select id from information_schema.processlist join information_schema.innodb_trx on id = trx_mysql_thread_id
      where db = database() and command = 'Sleep' and time >= 1`,
  )
  for (const { id } of idle) await mariadbQuery(mariadb, `kill ${String(id)}`).catch(() => undefined)
}

/** A busy machine takes its time. */
const LONG = { timeout: 120_000 }

let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
})
afterAll(() => cli[Symbol.asyncDispose]())

async function stored(target: Target): Promise<number> {
  return (await target.effects()).size
}

test.each(TARGETS)(
  'two instances of one catch-up flow at once, into $name: each effect once',
  LONG,
  async ({ target }) => {
    await using stream = await kurrentdbStream()
    await target.reset()
    const published = new Published()
    await stream.publish(published.make(2_000), published)
    const setup = { from: stream.setup, into: target.setup }
    const runs = [startIngest(cli, setup), startIngest(cli, setup)]
    for (let turn = 0; turn < 5; turn++) {
      const before = await stored(target)
      await stream.publish(published.make(500), published)
      await expect.poll(() => stored(target)).toBeGreaterThan(before)
    }
    await settled(target, published)
    await expectFold(target, published, stream)
    // One may have given way.
    const codes = await Promise.all(runs.map(codeOf))
    expect(codes).toContain(0)
    for (const code of codes) expect([0, 4]).toContain(code)
  },
)

test.each(TARGETS)(
  'an instance that was frozen and thaws stores nothing a second time, into $name',
  LONG,
  async ({ target, endIdle }) => {
    await using stream = await kurrentdbStream()
    await target.reset()
    const published = new Published()
    await stream.publish(published.make(3_000), published)
    const setup = { from: stream.setup, into: target.setup }
    const leader = startIngest(cli, setup)
    await expect.poll(() => stored(target)).toBeGreaterThan(200)
    leader.process.kill('SIGSTOP')
    await stream.publish(published.make(500), published)
    const other = startIngest(cli, setup)
    const ending = setInterval(() => void endIdle(), 500)
    try {
      await settled(target, published)
      await stream.publish(published.make(500), published)
      leader.process.kill('SIGCONT')
      await stream.publish(published.make(500), published)
      await settled(target, published)
      await expectFold(target, published, stream)
      const codes = [await codeOf(leader), await codeOf(other)]
      for (const code of codes) expect([0, 4]).toContain(code)
    } finally {
      clearInterval(ending)
      await Promise.all([kill(leader), kill(other)])
    }
  },
)

/** The exit code, of one that has ended or is told to. */
async function codeOf(run: RunningCli): Promise<number | null> {
  return run.process.exitCode ?? stop(run)
}
