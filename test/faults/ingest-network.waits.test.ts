import { beforeEach, describe, expect, test } from 'vitest'
import type { Fault } from '../support/fault.js'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.js'
import { Feeding, type IngestRun, startIngestRun } from '../support/ingest/ingest-run.js'
import { mariadbTarget, postgresTarget } from '../support/ingest/target.js'
import { mariadbQuery, testMariadb } from '../support/mariadb.js'
import { testDatabase } from '../support/postgres.js'
import { value } from '../support/sql.js'

const postgres = testDatabase()
const mariadb = testMariadb()

const TARGETS = [
  { name: 'PostgreSQL', target: postgresTarget(postgres.url), killConnections: killBackends },
  { name: 'MariaDB', target: mariadbTarget(mariadb.url), killConnections: killThreads },
]

/** Answers how many there were. */
async function killBackends(): Promise<number> {
  const terminate = `select count(pg_terminate_backend(pid))::int from pg_stat_activity
    where datname = '${postgres.name}' and application_name like 'lockstep%'`
  return Number(await value(postgres.url, terminate))
}

async function killThreads(): Promise<number> {
  const open = `select id from information_schema.processlist where db = '${mariadb.name}' and id <> connection_id()`
  const threads = await mariadbQuery(mariadb.url, open)
  // Some have ended by themselves.
  for (const { id } of threads) await mariadbQuery(mariadb.url, `kill ${String(id)}`).catch(() => undefined)
  return threads.length
}

describe.each(TARGETS)('$name', ({ target, killConnections }) => {
  beforeEach(() => target.reset())

  /** The flow reaches its target through the proxy; limits are short, so that a silent peer is noticed. */
  async function underLoad(work: (run: IngestRun, feeding: Feeding, proxy: FaultProxy) => Promise<void>) {
    await using proxy = await startFaultProxy(target.setup.url)
    using feeding = new Feeding()
    const database = { connectMs: 1_500, statementMs: 2_000 }
    await using run = startIngestRun(feeding.stream, target, { url: proxy.url, database })
    await feeding.goesOn()
    await work(run, feeding, proxy)
    await feeding.settle(run, target)
  }

  test.each(['before', 'after'] as const)('the link is cut in COMMIT, %s the server did it: each effect once', (when) =>
    underLoad(async (run, feeding, proxy) => {
      for (let turn = 0; turn < 6; turn++) {
        const { cuts } = proxy
        await proxy.set({ kind: 'cut', when })
        await expect.poll(() => proxy.cuts).toBeGreaterThan(cuts)
        await feeding.goesOn(100)
      }
      const told = run.of('retry').map(({ error }) => error.message)
      expect(told.join()).toContain('during COMMIT')
    }),
  )

  test('connections are killed by the server each second: each effect once', () =>
    underLoad(async (run, feeding) => {
      let rounds = 0
      const killing = setInterval(async () => {
        if ((await killConnections().catch(() => 0)) > 0) rounds++
      }, 1_000)
      try {
        for (let round = 1; round <= 4; round++) {
          await expect.poll(() => rounds).toBeGreaterThanOrEqual(round)
          await feeding.goesOn()
        }
      } finally {
        clearInterval(killing)
      }
      expect(run.of('retry').length).toBeGreaterThan(0)
    }))

  test('connections are reset many times a second, then no more', () =>
    underLoad(async (run, feeding, proxy) => {
      await proxy.set({ kind: 'reset-every', everyMs: 50 })
      await expect.poll(() => run.of('retry').length).toBeGreaterThan(10)
      expect(run.red()).not.toEqual([])
      feeding.pause()
      await proxy.set({ kind: 'none' })
      feeding.resume()
      await feeding.goesOn()
    }))

  const silent: readonly (Fault & { readonly name: string })[] = [
    { name: 'held in both directions', kind: 'hold' },
    { name: 'half-open: the server does not hear', kind: 'half-open', deaf: 'server' },
    { name: 'half-open: the flow does not hear', kind: 'half-open', deaf: 'client' },
    { name: 'cut: nobody answers there', kind: 'refuse' },
  ]
  test.each(silent)('the link is $name: red health says why, and it goes on', ({ name: _, ...fault }) =>
    underLoad(async (run, feeding, proxy) => {
      await proxy.set(fault)
      // Those that are open live on.
      if (fault.kind === 'refuse') proxy.resetAll()
      await expect.poll(() => run.red()).toEqual([expect.stringMatching(/no answer|gave up waiting|lost|refused/)])
      feeding.pause()
      await proxy.set({ kind: 'none' })
      await feeding.goesOn(1)
    }),
  )
})
