import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BuiltCli, builtCli } from '../support/built-cli.js'
import { SHARED, shareStream } from '../support/ingest/crowd-on-stream.js'
import { postgresTarget } from '../support/ingest/target.js'
import { testDatabase } from '../support/postgres.js'

/** `CROWD_SECONDS=300 npm run hostile -- crowd-on-streams`: so long; by itself only as long as all things may happen once. */
const seconds = Number(process.env['CROWD_SECONDS'] ?? 6)
const TARGETS = SHARED.map((shared) => ({ ...shared, target: postgresTarget(testDatabase().url) }))

let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
})
afterAll(() => cli[Symbol.asyncDispose]())

describe.concurrent(`${seconds} s of processes that come, are killed and are frozen by chance`, () => {
  test.each(TARGETS)('on one $name: nothing is lost', { timeout: (seconds + 240) * 1_000 }, async (shared) => {
    await using stream = await shared.start()
    const seed = Number(process.env['HOSTILE_SEED'] ?? Date.now()) % 1_000_000
    const messages = await shareStream({
      ...{ cli, stream, seed, target: shared.target },
      async drive(crowd) {
        await crowd.perform('join')
        await crowd.perform('join')
        await crowd.rage(seconds)
        console.info(JSON.stringify({ shared: shared.name, seed, acts: crowd.acts.length }))
      },
    })
    expect(messages).toBeGreaterThan(seconds)
  })
})
