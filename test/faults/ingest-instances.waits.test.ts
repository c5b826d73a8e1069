import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BuiltCli, builtCli, type RunningCli } from '../support/built-cli.js'
import { kill, startIngest, stop } from '../support/ingest/ingest-process.js'
import { Published } from '../support/ingest/published.js'
import { kurrentdbStream } from '../support/ingest/streams.js'
import { expectFold, mariadbTarget, postgresTarget, settled, type Target } from '../support/ingest/target.js'
import { testMariadb } from '../support/mariadb.js'
import { testDatabase } from '../support/postgres.js'

const postgres = testDatabase().url
const mariadb = testMariadb().url

const TARGETS = [
  { name: 'PostgreSQL', target: postgresTarget(postgres) },
  { name: 'MariaDB', target: mariadbTarget(mariadb) },
]

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
    const second = await Promise.race(runs.map(async (run) => run.ended.then(() => run)))
    expect((await second.ended).code).toBe(4)
    for (const first of runs.filter((run) => run !== second)) expect(await codeOf(first)).toBe(0)
  },
)

test.each(TARGETS)(
  'an instance that is frozen beyond its lease and thaws: the standby goes on, and it stores nothing more, into $name',
  LONG,
  async ({ target }) => {
    await using stream = await kurrentdbStream()
    await target.reset()
    const published = new Published()
    await stream.publish(published.make(3_000), published)
    const setup = { from: stream.setup, into: target.setup }
    const leader = startIngest(cli, setup)
    await expect.poll(() => stored(target)).toBeGreaterThan(200)
    leader.process.kill('SIGSTOP')
    const standby = startIngest(cli, setup, { args: ['--standby'] })
    try {
      // Where its start takes longer than the lease it takes over at once.
      await standby.printed('flow.took-over')
      await stream.publish(published.make(500), published)
      await settled(target, published)
      leader.process.kill('SIGCONT')
      await stream.publish(published.make(500), published)
      // It finds out that another has the lease, which is alive.
      const { code, stdout } = await leader.ended
      expect(code, stdout).toBe(4)
      await settled(target, published)
      await expectFold(target, published, stream)
      expect(await stop(standby)).toBe(0)
    } finally {
      await Promise.all([kill(leader), kill(standby)])
    }
  },
)

/** The exit code, of one that has ended or is told to. */
async function codeOf(run: RunningCli): Promise<number | null> {
  return run.process.exitCode ?? stop(run)
}
