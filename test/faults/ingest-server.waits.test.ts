import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { startFaultProxy } from '../support/fault-proxy.js'
import { Feeding, startIngestRun } from '../support/ingest/ingest-run.js'
import { mariadbTarget, postgresTarget, type Target } from '../support/ingest/target.js'
import { dedicatedMariadb, mariadbQuery } from '../support/mariadb.js'
import { dedicatedServer } from '../support/postgres.js'

/** What both kinds of servers can do. */
interface Server extends AsyncDisposable {
  kill(): Promise<void>
  /** Resolves once it accepts connections. */
  start(): Promise<void>
  freeze(frozen: boolean): Promise<void>
}

interface Place extends AsyncDisposable {
  readonly server: Server
  readonly target: Target
}

const SERVERS: readonly { readonly name: string; readonly place: () => Promise<Place> }[] = [
  {
    name: 'PostgreSQL',
    async place() {
      const server = await dedicatedServer()
      return placeOf(server, postgresTarget(server.url()))
    },
  },
  {
    name: 'MariaDB',
    async place() {
      const server = await dedicatedMariadb()
      await mariadbQuery(server.url(), 'create database app')
      return placeOf(server, mariadbTarget(server.url('app')))
    },
  },
]

async function placeOf(server: Server, target: Target): Promise<Place> {
  await target.reset()
  return { server, target, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

/** For a silent peer to be noticed within the test. */
const SHORT = { connectMs: 1_500, statementMs: 2_500 }

describe.each(SERVERS)('$name', ({ place }) => {
  test('killed with -9 again and again under load: nothing is lost or doubled, and it goes on within 10 s', {
    timeout: 120_000,
  }, async ({ annotate }) => {
    await using at = await place()
    using feeding = new Feeding()
    await using run = startIngestRun(feeding.stream, at.target)
    await feeding.goesOn()
    const resumedMs: number[] = []
    for (let turn = 0; turn < 5; turn++) {
      await delay(feeding.published.random.integer(0, 300))
      await at.server.kill()
      await expect.poll(() => run.red()).not.toEqual([])
      await at.server.start()
      resumedMs.push(Math.round(await feeding.goesOn(1)))
      await feeding.goesOn()
    }
    await annotate(`went on after ${resumedMs.join(', ')} ms`)
    expect(Math.max(...resumedMs)).toBeLessThan(10_000)
    await feeding.settle(run, at.target)
  })

  test.each(['before', 'after'] as const)(
    'killed when COMMIT was sent, cut %s it was done: each effect once',
    {
      timeout: 120_000,
    },
    async (when) => {
      await using at = await place()
      await using proxy = await startFaultProxy(at.target.setup.url)
      using feeding = new Feeding()
      await using run = startIngestRun(feeding.stream, at.target, { url: proxy.url })
      await feeding.goesOn()
      for (let turn = 0; turn < 3; turn++) {
        const { cuts } = proxy
        await proxy.set({ kind: 'cut', when })
        await expect.poll(() => proxy.cuts).toBeGreaterThan(cuts)
        // The answer is lost, and so is the server: whether it was done nobody can ask for now.
        await at.server.kill()
        await at.server.start()
        await feeding.goesOn()
      }
      const told = run.of('retry').map(({ error }) => error.message)
      expect(told.join()).toContain('during COMMIT')
      await feeding.settle(run, at.target)
    },
  )

  test('frozen: red health says why, and it goes on once it thaws', { timeout: 120_000 }, async () => {
    await using at = await place()
    using feeding = new Feeding()
    await using run = startIngestRun(feeding.stream, at.target, { database: SHORT })
    await feeding.goesOn()
    await at.server.freeze(true)
    await expect
      .poll(() => run.red())
      .toEqual([expect.stringMatching(/no answer within|gave up waiting|lost during COMMIT/)])
    feeding.pause()
    await at.server.freeze(false)
    await feeding.goesOn(1)
    await feeding.settle(run, at.target)
  })
})
