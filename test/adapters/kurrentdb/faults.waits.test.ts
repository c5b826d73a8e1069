import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type KurrentdbOptions, kurrentdb } from 'lockstep/kurrentdb'
import { describe, expect, it } from 'vitest'
import { EmbeddedKurrentdb, type EmbeddedKurrentdbOptions } from '../../../src/embedded/kurrentdb/embedded-kurrentdb.js'
import { startFaultProxy } from '../../support/fault-proxy.js'
import { BareClient, readUntil, streamOptions } from '../../support/kurrentdb.js'

const CANARY = 'canary-7f3a'
const tlsFile = (name: string) => fileURLToPath(new URL(`../../support/tls/${name}`, import.meta.url))

async function secured(): Promise<EmbeddedKurrentdbOptions> {
  const key = await readFile(tlsFile('server.key'), 'utf8')
  const certificate = await readFile(tlsFile('server.pem'), 'utf8')
  return { tls: { key, certificate }, login: { user: 'admin', password: CANARY } }
}

/** What reading fails with, having read nothing. */
async function failureOf(options: KurrentdbOptions): Promise<unknown> {
  await using source = kurrentdb(options).source(streamOptions())
  return await readUntil(source, () => true).then(
    () => undefined,
    (error: unknown) => error,
  )
}

function everythingOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return `${error.message}\n${error.stack}\n${JSON.stringify(error)}\n${everythingOf(error.cause)}`
}

describe('a source of KurrentDB', () => {
  it.concurrent.for([
    ['a catch-up subscription', {}],
    ['a persistent subscription', { subscription: { group: 'workers', create: true } }],
  ] as const)('notices within 20 s that the server froze: %s', { timeout: 60_000 }, async ([, options], { expect }) => {
    await using server = await EmbeddedKurrentdb.start()
    await using bare = new BareClient(server.url)
    await using proxy = await startFaultProxy(`http://127.0.0.1:${server.port}`)
    await bare.append('quote-1', 3)
    const url = `kurrentdb://127.0.0.1:${proxy.port}?tls=false`
    await using source = kurrentdb({ url, ...options }).source(streamOptions())
    let frozenAt = 0
    const reading = readUntil(source, () => {
      if (frozenAt === 0) {
        frozenAt = performance.now()
        void proxy.set({ kind: 'hold' })
      }
      return false
    })
    await expect(reading).rejects.toMatchObject({ name: 'UnavailableError' })
    expect(performance.now() - frozenAt).toBeLessThan(20_000)
    // While it is frozen, a new try ends too.
    await expect(readUntil(source, () => true)).rejects.toMatchObject({ name: 'UnavailableError' })
    await proxy.set({ kind: 'none' })
    await bare.append('quote-1', 1)
    await expect.poll(() => readUntil(source, () => true).catch(() => undefined)).toBeDefined()
  })

  it('waits when the login is refused, and never tells the password', async () => {
    await using server = await EmbeddedKurrentdb.start(await secured())
    const ca = encodeURIComponent(tlsFile('trusted-ca.pem'))
    const url = `kurrentdb://admin:${CANARY}-wrong@localhost:${server.port}?tlsCAFile=${ca}`
    const error = await failureOf({ url })
    expect(error).toMatchObject({ name: 'UnavailableError', code: 'access-denied' })
    expect(everythingOf(error)).not.toContain(CANARY)
  })

  it('reads over TLS, with the login of the url', async () => {
    await using server = await EmbeddedKurrentdb.start(await secured())
    const ca = encodeURIComponent(tlsFile('trusted-ca.pem'))
    const url = `kurrentdb://admin:${CANARY}@localhost:${server.port}?tlsCAFile=${ca}`
    await using bare = new BareClient(url)
    const ids = await bare.append('quote-1', 2)
    await using source = kurrentdb({ url }).source(streamOptions())
    const { messages } = await readUntil(source, (all) => all.length === 2)
    expect(messages.map(({ id }) => id)).toEqual(ids)
  })

  it('waits when the certificate is not signed by the right authority', async () => {
    await using server = await EmbeddedKurrentdb.start(await secured())
    const ca = encodeURIComponent(tlsFile('other-ca.pem'))
    const error = await failureOf({ url: `kurrentdb://admin:${CANARY}@localhost:${server.port}?tlsCAFile=${ca}` })
    expect(error).toMatchObject({ name: 'UnavailableError', code: 'tls-failed' })
    expect(everythingOf(error)).not.toContain(CANARY)
  })

  it('waits when nobody listens', async () => {
    const error = await failureOf({ url: `kurrentdb://admin:${CANARY}@127.0.0.1:9?tls=false` })
    expect(error).toMatchObject({ name: 'UnavailableError', code: 'connection-refused' })
    expect(everythingOf(error)).not.toContain(CANARY)
  })

  it('finds the node through gossip', async () => {
    await using server = await EmbeddedKurrentdb.start()
    await using bare = new BareClient(server.url)
    await bare.append('quote-1', 1)
    const url = `esdb+discover://127.0.0.1:${server.port}?tls=false`
    await using source = kurrentdb({ url }).source(streamOptions())
    expect((await readUntil(source, (all) => all.length === 1)).messages).toHaveLength(1)
  })

  it('stops when the stream is a tombstone', async () => {
    await using server = await EmbeddedKurrentdb.start()
    await using bare = new BareClient(server.url)
    await bare.append('quote-1', 1)
    await bare.client.tombstoneStream('quote-1')
    const error = await failureOf({ url: server.url, stream: 'quote-1' })
    expect(error).toMatchObject({ name: 'ConfigError', code: 'stream-deleted' })
  })

  it('tells what would stop it', async () => {
    await using server = await EmbeddedKurrentdb.start()
    const { signal } = new AbortController()
    const stream = kurrentdb({ url: server.url, subscription: { group: 'workers' } })
    expect((await stream.diagnose(signal)).map(({ level }) => level)).toEqual(['warn', 'error'])
    await server.kill()
    expect((await stream.diagnose(signal)).map(({ level }) => level)).toEqual(['error'])
  })
})
