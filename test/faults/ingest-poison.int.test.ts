import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BuiltCli, builtCli } from '../support/built-cli.js'
import { startIngest } from '../support/ingest/ingest-process.js'
import { Published } from '../support/ingest/published.js'
import { kafkaStream, kurrentdbStream, pubsubStream } from '../support/ingest/streams.js'
import { expectFold, mariadbTarget, postgresTarget } from '../support/ingest/target.js'
import { testMariadb } from '../support/mariadb.js'
import { testDatabase } from '../support/postgres.js'

const postgres = postgresTarget(testDatabase().url)
const mariadb = mariadbTarget(testMariadb().url)

/** At least once, in any order and twice; and with positions. */
const LINES = [
  { name: 'Pub/Sub, shuffled and doubled, into PostgreSQL', start: disturbedPubsub, target: postgres },
  { name: 'KurrentDB into MariaDB', start: () => kurrentdbStream(), target: mariadb },
  { name: 'Kafka into PostgreSQL', start: () => kafkaStream(), target: postgres },
]

let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
})
afterAll(() => cli[Symbol.asyncDispose]())

async function disturbedPubsub() {
  const stream = await pubsubStream()
  stream.double.knobs.duplicates = 0.2
  stream.double.knobs.shuffle = true
  return stream
}

describe.each(LINES)('poison from $name', ({ start, target }) => {
  test.each([0.001, 0.1])('of a share of %d: exactly that becomes dead letters', async (share) => {
    await using stream = await start()
    await target.reset()
    const published = new Published()
    await stream.publish(published.make(2_000, share), published)
    const run = startIngest(cli, { from: stream.setup, into: target.setup }, { args: ['--until-caught-up'] })
    const { code, stdout, stderr } = await run.ended
    expect(code, stdout + stderr).toBe(0)
    await expectFold(target, published, stream)
  })

  test('of a share of 1: the flow stops and keeps nothing; told not to stop, it keeps all', async () => {
    await using stream = await start()
    await target.reset()
    const published = new Published()
    await stream.publish(published.make(300, 1), published)
    const setup = { from: stream.setup, into: target.setup }
    const refused = await startIngest(cli, setup, { args: ['--until-caught-up'] }).ended
    expect(refused.code, refused.stdout).toBe(5)
    await expectFold(target, published, { ...stream, letters: new Set() })
    const told = await startIngest(cli, { ...setup, stopAbove: 1 }, { args: ['--until-caught-up'] }).ended
    expect(told.code, told.stdout).toBe(0)
    await expectFold(target, published, stream)
  })
})
