import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BuiltCli, builtCli, type RunningCli } from '../support/built-cli.js'
import { startFaultProxy } from '../support/fault-proxy.js'
import { lockstep, stop } from '../support/ingest/ingest-process.js'
import { json, type Publication, Published } from '../support/ingest/published.js'
import type { IngestSetup } from '../support/ingest/setup.js'
import { type PubsubStream, pubsubStream } from '../support/ingest/streams.js'
import { expectFold, postgresTarget, settled, type Target } from '../support/ingest/target.js'
import { dedicatedServer, FAST_SETTINGS, testDatabase } from '../support/postgres.js'
import { query } from '../support/sql.js'

/** The shortest that Pub/Sub has. */
const LEASE_MS = 10_000
/** This process is the broker too, and busy. */
const LIMITS = { leaseMs: LEASE_MS, silenceMs: 15_000 }
const CAP_MB = 256
/** As the guides have it for a container of 256 MB: without limits Node leaves more garbage lying about. */
const NODE_OPTIONS = '--max-old-space-size=96 --max-semi-space-size=1'

let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
})
afterAll(() => cli[Symbol.asyncDispose]())

function start(setup: IngestSetup): RunningCli {
  return lockstep(cli, setup, ['run', 'readings'], { NODE_OPTIONS })
}

function peakMegabytes({ process }: RunningCli): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${process.pid}/status`, 'utf8'))?.[1]) / 1024
}

/** One for each sensor from `first` on. */
function large(count: number, first: number, bytes: number): readonly Publication[] {
  return Array.from({ length: count }, (_, at) => {
    const reading = { sensor: first + at, version: 1, value: `${at}`.padEnd(bytes, 'abcdefghij') }
    return { body: json(reading), reading }
  })
}

/** All is stored, each message has come once, and the process ends well. */
async function expectOnce(run: RunningCli, stream: PubsubStream, at: { target: Target; published: Published }) {
  const { target, published } = at
  await settled(target, published, 120_000)
  await expect.poll(() => stream.left()).toBe(0)
  expect(stream.deliveries()).toBe(published.sound.size)
  await expectFold(target, published, { once: true })
  expect(await stop(run)).toBe(0)
}

describe.runIf(process.platform === 'linux')('a process that may use 256 MB', () => {
  test('holds while its target is frozen for 60 s and messages of 10 MB come: leases are kept', {
    timeout: 240_000,
  }, async ({ annotate }) => {
    await using server = await dedicatedServer({ settings: FAST_SETTINGS })
    const target = postgresTarget(server.url())
    await target.reset()
    await query(server.url(), 'alter table readings alter value type text')
    await using stream = await pubsubStream({ ...LIMITS, maxMessages: 10_000, maxBytes: 16 * 2 ** 20 })
    const published = new Published()
    await stream.publish(published.make(500), published)
    const run = start({ from: stream.setup, into: target.setup })
    await settled(target, published)
    await server.freeze(true)
    await stream.publish(large(10, 1_000, 10_000_000), published)
    await stream.publish(published.make(5_000), published)
    await delay(60_000)
    await server.freeze(false)
    await settled(target, published, 120_000)
    const peak = peakMegabytes(run)
    await annotate(`peak ${Math.round(peak)} MB`)
    await expectOnce(run, stream, { target, published })
    expect(peak).toBeLessThan(CAP_MB)
  })

  const { url } = testDatabase()

  test('holds over a link of 200 ms and 1 Mbit/s: leases are kept, and no more is taken than may be', {
    timeout: 150_000,
  }, async ({ annotate }) => {
    const target = postgresTarget(url)
    await target.reset()
    await using proxy = await startFaultProxy(url)
    await using stream = await pubsubStream({ ...LIMITS, maxMessages: 3_000 })
    const published = new Published()
    await proxy.set({ kind: 'slow', latencyMs: 200, bytesPerSecond: 125_000 })
    const run = start({ from: stream.setup, into: { engine: 'postgres', url: proxy.url }, batchItems: 100 })
    await stream.publish(published.make(6_000), published)
    const startedAt = performance.now()
    let held = 0
    const watch = setInterval(() => {
      held = Math.max(held, stream.leased())
    }, 50)
    await settled(target, published, 120_000)
    clearInterval(watch)
    const seconds = (performance.now() - startedAt) / 1_000
    const peak = peakMegabytes(run)
    await annotate(`peak ${Math.round(peak)} MB, ${Math.round(seconds)} s, at most ${held} held`)
    await expectOnce(run, stream, { target, published })
    // Else no lease had to be kept.
    expect(seconds).toBeGreaterThan(LEASE_MS / 1_000)
    expect(held).toBeLessThanOrEqual(3_000)
    expect(peak).toBeLessThan(CAP_MB)
  })
})
