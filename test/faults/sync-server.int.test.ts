import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EmbeddedServer } from '../../src/embedded/server.js'
import { type BuiltCli, builtCli, type RunningCli } from '../support/built-cli.js'
import { dedicatedServer } from '../support/postgres.js'
import { onBoth, query, startAfresh } from '../support/sql.js'
import { compared, startSyncProcess } from '../support/sync-process.js'
import { becomeIdentical, type SyncSides } from '../support/sync-run.js'
import { type Load, startLoad } from './load.js'

let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
})
afterAll(() => cli[Symbol.asyncDispose]())

interface Scene {
  readonly servers: readonly [EmbeddedServer, EmbeddedServer]
  readonly sides: SyncSides
  readonly tool: RunningCli
  readonly load: Load
}

const PLAIN = 'create table records (id uuid primary key, value text)'

/** Two servers that keep what they have acknowledged, a tool and a load, each a process of its own. */
async function inScene(
  create: string,
  work: (scene: Scene) => Promise<void>,
  afterwards = async (_: Scene['sides']): Promise<void> => undefined,
): Promise<void> {
  const settings = { max_prepared_transactions: '30' }
  await using a = await dedicatedServer({ settings })
  await using b = await dedicatedServer({ settings })
  const sides = { a: a.url(), b: b.url() }
  await startAfresh(sides, create)
  const tool = startSyncProcess(cli, sides)
  try {
    await compared(tool)
    await using load = await startLoad(sides)
    await load.goesOn()
    await work({ servers: [a, b], sides, tool, load })
    expect(tool.process.exitCode).toBe(null)
    tool.process.kill('SIGTERM')
    const { code, stdout } = await tool.ended
    expect(code).toBe(0)
    // One comparison, that of the start: the ledger did the rest. However long a server was away, nobody took the lease.
    const times = (text: string): number => stdout.split(text).length - 1
    expect(times('"verdict":')).toBe(1)
    expect(times('"event":"flow.leading"')).toBe(1)
    await afterwards(sides)
  } finally {
    tool.process.kill('SIGKILL')
  }
}

describe('kill -9 of a server in the middle of a load', () => {
  test('again and again, either one, and both: nothing is lost and the tool lives on', { timeout: 300_000 }, () =>
    inScene(PLAIN, async ({ servers: [a, b], load }) => {
      for (const victims of [[a], [b], [a, b], [b], [a]]) {
        await Promise.all(victims.map((server) => server.kill()))
        await Promise.all(victims.map((server) => server.start()))
        await load.goesOn()
      }
      await load.settle()
    }),
  )

  test('writers that do not wait for the disk: ids that are given out again are not taken for known', {
    timeout: 300_000,
  }, async () => {
    const origin = `create table records (id uuid primary key, value text, origin text not null default 'a')`
    const work = async ({ servers, sides, load }: Scene): Promise<void> => {
      await query(sides.b, `alter table records alter column origin set default 'b'`)
      // Commits are lost when such a server is killed. The writers are told so by their new connections.
      await onBoth(sides, `alter role postgres set synchronous_commit = off`)
      await Promise.all(servers.map((server) => server.kill().then(() => server.start())))
      for (const server of [...servers, ...servers, ...servers]) {
        await load.goesOn(1_000)
        await server.kill()
        await server.start()
      }
      await load.goesOn()
      await load.stop()
      // What a side has of its own writers is on the other; what it has lost is there still, until the tables are compared.
      const own = (origin: string): string => `select id::text from records where origin = '${origin}'`
      const missing = async (from: string, to: string, origin: string): Promise<string[]> => {
        const there = new Set((await query<{ id: string }>(to, own(origin))).map(({ id }) => id))
        return (await query<{ id: string }>(from, own(origin))).map(({ id }) => id).filter((id) => !there.has(id))
      }
      await expect.poll(() => missing(sides.a, sides.b, 'a'), { timeout: 60_000 }).toEqual([])
      await expect.poll(() => missing(sides.b, sides.a, 'b'), { timeout: 60_000 }).toEqual([])
    }
    await inScene(origin, work, async (sides) => {
      const second = startSyncProcess(cli, sides, { args: ['--until-caught-up'] })
      expect((await second.ended).code).toBe(0)
      await becomeIdentical(sides, { timeoutMs: 0 })
    })
  })
})

describe('a frozen server', () => {
  test('either one for ten seconds, then both: nothing is lost when it thaws', { timeout: 300_000 }, () =>
    inScene(PLAIN, async ({ servers: [a, b], sides, load }) => {
      for (const frozen of [[a], [b], [a, b]]) {
        await Promise.all(frozen.map((server) => server.freeze(true)))
        await delay(10_000)
        await Promise.all(frozen.map((server) => server.freeze(false)))
        await load.goesOn(200, [sides.a, sides.b])
      }
      await load.settle()
    }),
  )
})
