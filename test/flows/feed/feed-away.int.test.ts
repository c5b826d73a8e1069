import { createServer } from 'node:net'
import { memoryState } from 'lockstep/memory'
import { postgres } from 'lockstep/postgres'
import { s3 } from 'lockstep/s3'
import { sqlite } from 'lockstep/sqlite'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Flow } from '../../../src/core/flow.js'
import type { FlowEvent } from '../../../src/core/observer.js'
import { feed } from '../../../src/flows/feed/feed.js'
import { DatabaseFile } from '../../adapters/sqlite/file.js'
import { S3_CREDENTIALS } from '../../support/objects/s3-server.js'
import { Place, publish } from './feed-subject.js'

let file: DatabaseFile
/** Where nobody listens. */
let port = 0

beforeAll(async () => {
  file = await DatabaseFile.make()
  using client = file.client()
  await client.execute('create table shop (id integer primary key)')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  port = typeof address === 'object' && address !== null ? address.port : 0
  await new Promise((resolve) => server.close(resolve))
})
afterAll(() => file[Symbol.asyncDispose]())

/** What is told of health until there is something; the flow is then asked to stop. */
async function firstTold(flow: Flow) {
  const events: FlowEvent[] = []
  const drain = new AbortController()
  const state = memoryState()
  const running = publish(flow, { events, drain: drain.signal, state }).catch((error: unknown) => error)
  const told = await vi.waitFor(
    () => {
      const [first] = events.filter((event) => event.type === 'health')
      if (first === undefined) throw new Error('nothing is told yet')
      return first
    },
    { timeout: 20_000 },
  )
  drain.abort()
  expect(await running).toMatchObject({ code: 'aborted' })
  expect(await state.feeds.list({ flow: 'facilities' })).toMatchObject([{ outcome: 'stopped' }])
  return told
}

/** Longer than the test waits: what is told is told before any call has given up. */
const LONG_MS = 3_600_000

describe('a feed', () => {
  it('says what it waits for while its store is away, long before the store gives up', async () => {
    await using database = sqlite(file.path)
    const endpoint = `http://127.0.0.1:${port}`
    const region = { region: 'eu-central-1', credentials: S3_CREDENTIALS, retryMs: LONG_MS }
    const to = s3({ bucket: 'feeds', prefix: 'shops', endpoint, ...region })
    const told = await firstTold(feed({ from: database.table('shop'), to, patienceMs: LONG_MS }))
    expect(told).toMatchObject({ subject: to.label, healthy: false, reason: expect.stringContaining('nobody listens') })
  })

  it('says so while its database is away', async () => {
    await using database = postgres(`postgres://nobody@127.0.0.1:${port}/nowhere`)
    await using place = await Place.make()
    const told = await firstTold(feed({ from: database.table('shop'), to: place.store, patienceMs: LONG_MS }))
    expect(told).toMatchObject({ healthy: false, reason: expect.stringContaining(String(port)) })
  })
})
