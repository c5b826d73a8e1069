import { type KurrentdbOptions, kurrentdb } from 'lockstep/kurrentdb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Message } from '../../../src/core/message.js'
import type { Source } from '../../../src/core/source.js'
import { EmbeddedKurrentdb } from '../../../src/embedded/kurrentdb/embedded-kurrentdb.js'
import { appendRaw, BareClient, readUntil, streamOptions } from '../../support/kurrentdb.js'

let server: EmbeddedKurrentdb
let bare: BareClient
let sources: Source<Message>[]

beforeEach(async () => {
  server = await EmbeddedKurrentdb.start()
  bare = new BareClient(server.url)
  sources = []
})

afterEach(async () => {
  for (const source of sources) await source[Symbol.asyncDispose]()
  await bare[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

function open(options: Omit<KurrentdbOptions, 'url'> = {}): Source<Message> {
  const source = kurrentdb({ url: server.url, ...options }).source(streamOptions())
  sources.push(source)
  return source
}

const text = (body: Uint8Array | undefined) => Buffer.from(body ?? []).toString()
const idsOf = (messages: readonly Message[]) => messages.map(({ id }) => id)

describe('messages of KurrentDB', () => {
  it('have the bytes that were written, though they claim to be JSON', async () => {
    const bodies = ['{"n":9007199254740993}', '{"broken":', '', '"\uD800"'].map((body) => Buffer.from(body))
    bodies.push(Buffer.from([0xff, 0x00, 0xfe]))
    const events = bodies.map((data) => ({ type: 'odd', contentType: 'application/json', data }))
    events.push({ type: 'odd', contentType: 'application/octet-stream', data: Buffer.from([1, 2, 3]) })
    const ids = await appendRaw(server.url, 'quote-1', events)
    const { messages } = await readUntil(open(), (all) => all.length === events.length)
    expect(messages.map(({ body }) => Buffer.from(body))).toEqual(events.map(({ data }) => data))
    expect(idsOf(messages)).toEqual(ids)
  })

  it('have type, stream, revision, time, and metadata as bytes and as headers', async () => {
    const metadata = Buffer.from('{"$correlationId":"c-1","n":12345678901234567890,"__proto__":"x","by":"me"}')
    const begun = Date.now()
    await appendRaw(server.url, 'quote-é', [
      { type: 'first', contentType: 'application/json', data: Buffer.from('{}') },
      { type: 'second', contentType: 'application/json', data: Buffer.from('{}'), metadata },
      { type: 'third', contentType: 'application/json', data: Buffer.from('{}'), metadata: Buffer.from('{"no') },
    ])
    const { messages } = await readUntil(open(), (all) => all.length === 3)
    const [first, second, third] = messages
    expect(first).toMatchObject({ type: 'first', stream: 'quote-é', key: 'quote-é', revision: 0n, metadata: undefined })
    expect(first?.publishedAt).toBeGreaterThanOrEqual(begun)
    expect(second?.revision).toBe(1n)
    expect(text(second?.metadata)).toBe(metadata.toString())
    expect(Object.entries(second?.headers ?? {})).toEqual([
      ['$correlationId', 'c-1'],
      ['__proto__', 'x'],
      ['by', 'me'],
    ])
    expect(Object.getPrototypeOf(second?.headers)).toBeNull()
    expect(text(third?.metadata)).toBe('{"no')
    expect(third?.headers).toEqual({})
  })

  it('leave out those of the server itself', async () => {
    await bare.append('$system', 3, '$stats')
    const ids = await bare.append('quote-1', 2)
    const { messages } = await readUntil(open(), (all) => all.length === 2)
    expect(idsOf(messages)).toEqual(ids)
  })

  it.each([
    ['the beginning of the type', { types: ['quote_'] }],
    ['a pattern of the type', { types: /^quote_(started|ended)$/ }],
    ['the beginning of the stream', { streams: ['quote-'] }],
  ])('are chosen by %s', async (_by, options) => {
    await bare.append('other-1', 3, 'other')
    const ids = await bare.append('quote-1', 3, 'quote_started')
    await bare.append('other-1', 3, 'other')
    const more = await bare.append('quote-2', 1, 'quote_ended')
    const { messages } = await readUntil(open(options), (all) => all.length === 4)
    expect(idsOf(messages)).toEqual([...ids, ...more])
  })

  it('are those that links point to, without the ones that are gone', async () => {
    const [first] = await bare.append('quote-1', 1)
    await bare.append('quote-2', 1)
    const link = (to: string) => ({ type: '$>', contentType: 'application/octet-stream', data: Buffer.from(to) })
    await appendRaw(server.url, '$ce-quote', [link('0@quote-1'), link('0@quote-2'), link('7@quote-1')])
    await bare.client.deleteStream('quote-2')
    const [last] = await appendRaw(server.url, 'quote-1', [{ ...link(''), type: 'last' }])
    await appendRaw(server.url, '$ce-quote', [link('1@quote-1')])
    const { messages, checkpoints } = await readUntil(open({ stream: '$ce-quote' }), (all) => all.length === 2)
    expect(idsOf(messages)).toEqual([first, last])
    expect(messages.map(({ stream, revision }) => `${revision}@${stream}`)).toEqual(['0@quote-1', '1@quote-1'])
    expect(checkpoints).toEqual(new Map([['$ce-quote', '3']]))
  })
})

describe('positions of KurrentDB', () => {
  it('move over a stretch in which nothing passes the filter', async () => {
    await bare.append('other-1', 2_500, 'other')
    const source = open({ types: ['quote_'] })
    const { batches, checkpoints } = await readUntil(source, (_all, { position }) => position !== undefined)
    expect(batches.every(({ items }) => items.length === 0)).toBe(true)
    const commit = BigInt(checkpoints.get('$all')?.split('/')[0] ?? 0)
    const passed: bigint[] = []
    for await (const { event } of bare.client.readAll()) if (event?.position) passed.push(event.position.commit)
    expect(commit).toBeGreaterThanOrEqual(passed[1_999] ?? 0n)
    const [id] = await bare.append('quote-1', 1, 'quote_started')
    const { messages } = await readUntil(open({ types: ['quote_'] }), (all) => all.length === 1, checkpoints)
    expect(idsOf(messages)).toEqual([id])
  })

  it('are caught up although the last events do not pass the filter', async () => {
    await bare.append('quote-1', 3, 'quote_started')
    await bare.append('other-1', 50, 'other')
    const source = open({ types: ['quote_'] })
    const stop = new AbortController()
    const reading = (async () => {
      for await (const batch of source.read(new Map(), stop.signal)) await source.acknowledge(batch)
    })()
    await source.caughtUp?.(stop.signal)
    stop.abort()
    await reading
  })

  it('begin at the end that was there first, when that is asked for', async () => {
    await bare.append('quote-1', 5)
    const first = await readUntil(open({ from: 'end' }), () => true)
    expect(first.messages).toEqual([])
    // Stopped before any event came; what comes meanwhile is not lost.
    const ids = await bare.append('quote-1', 3)
    const again = await readUntil(open({ from: 'end' }), (all) => all.length === 3, first.checkpoints)
    expect(idsOf(again.messages)).toEqual(ids)
  })

  it('lose and repeat nothing when the server is killed in mid-stream', async () => {
    const ids = [...(await bare.append('quote-1', 3_000)), ...(await bare.append('quote-2', 3_000))]
    const source = open()
    const got: string[] = []
    let from: ReadonlyMap<string, string> = new Map()
    for (let kills = 0; got.length < ids.length; kills++) {
      const goal = Math.min(ids.length, (kills + 1) * 1_000)
      const read = await readUntil(source, (all) => got.length + all.length >= goal, from).catch(() => undefined)
      if (read !== undefined) {
        got.push(...idsOf(read.messages))
        from = read.checkpoints
      }
      await server.kill()
      await server.restart()
    }
    expect(got).toEqual(ids)
  })

  it('go on after the server was away, with what was read until then', async () => {
    // More than fits on the way.
    const ids = await bare.append('quote-1', 20_000)
    const source = open()
    const stop = new AbortController()
    const got: string[] = []
    const saved = new Map<string, string>()
    let cut = false
    const read = async () => {
      for await (const batch of source.read(saved, stop.signal)) {
        got.push(...idsOf([...batch.items]))
        if (batch.position !== undefined) saved.set(batch.lane, batch.position)
        await source.acknowledge(batch)
        if (got.length >= 1_000 && !cut) {
          cut = true
          server.disconnect()
        }
        if (got.length === ids.length) return
      }
    }
    await expect(read()).rejects.toMatchObject({ name: 'UnavailableError' })
    await read()
    expect(got).toEqual(ids)
  })

  it.each([
    ['$all', '99999999/99999999'],
    ['quote-1', '77'],
  ])('of %s that the server no longer has stop the flow', async (stream, position) => {
    await bare.append('quote-1', 5)
    const source = open({ stream })
    const from = new Map([[stream, position]])
    await expect(readUntil(source, () => true, from)).rejects.toMatchObject({
      name: 'ConfigError',
      code: 'position-lost',
    })
  })
})
