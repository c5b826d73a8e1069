import { PassThrough } from 'node:stream'
import { stdin } from 'lockstep/files'
import { describe, expect, it } from 'vitest'
import type { Batch } from '../../../src/core/batch.js'
import type { Message } from '../../../src/core/message.js'
import { sourceContract } from '../../contracts/source.js'
import { program } from './program.js'
import { OPTIONS, readThrough } from './reading.js'

sourceContract(
  'stdin',
  async () => {
    const input = new PassThrough()
    const source = stdin({ input }).source(OPTIONS)
    let produced = 0
    let requests = 0
    const iterate = input[Symbol.asyncIterator].bind(input)
    Object.assign(input, {
      [Symbol.asyncIterator]() {
        requests++
        return iterate()
      },
    })
    return {
      source,
      async produce(count: number) {
        const ids = Array.from({ length: count }, () => `item ${produced++}`)
        input.write(ids.map((id) => `${id}\n`).join(''))
        return ids
      },
      identify: ({ body }: Message) => Buffer.from(body).toString(),
      requests: () => requests,
      // A new process has another standard input.
      reopen: async () => source,
      async end() {
        input.end()
      },
      async away(gone: boolean) {
        if (gone) input.destroy(new Error('the pipe broke'))
      },
      async [Symbol.asyncDispose]() {
        await source[Symbol.asyncDispose]()
      },
    }
  },
  {
    unsupported: [
      {
        reason: 'what was lost cannot be read again',
        tests: ['throws an UnavailableError when the system goes away, and can be read again when it is back'],
      },
    ],
  },
)

describe('stdin', () => {
  it('closes a batch when its first line has waited long enough', async () => {
    const input = new PassThrough()
    const source = stdin({ input }).source(OPTIONS)
    input.write('a\nb\nc')
    const iterator = source.read(new Map(), new AbortController().signal)[Symbol.asyncIterator]()
    expect(bodies((await iterator.next()).value)).toEqual(['a', 'b'])
    input.end('d\n')
    expect(bodies((await iterator.next()).value)).toEqual(['cd'])
    expect((await iterator.next()).done).toBe(true)
  })

  it('gives again what was gathered when an iteration was aborted', async () => {
    const input = new PassThrough()
    const batch = { ...OPTIONS.batch, items: 10, waitMs: 60_000 }
    const source = stdin({ input }).source({ ...OPTIONS, batch })
    const controller = new AbortController()
    const iterator = source.read(new Map(), controller.signal)[Symbol.asyncIterator]()
    const next = iterator.next()
    input.write('a\n')
    await expect.poll(() => input.readableLength).toBe(0)
    controller.abort()
    expect((await next).done).toBe(true)
    input.end('b\n')
    const again = source.read(new Map(), new AbortController().signal)[Symbol.asyncIterator]()
    const first = bodies((await again.next()).value)
    const second = bodies((await again.next()).value)
    expect([...first, ...second]).toEqual(['a', 'b'])
  })

  it('stops when the stream breaks, after what came before', async () => {
    const input = new PassThrough()
    input.write('a\nb\n')
    const reading = readThrough(stdin({ input }))
    await expect.poll(() => input.readableLength).toBe(0)
    input.destroy(new Error('the pipe broke'))
    expect(await reading).toMatchObject({ error: { name: 'DataError', code: 'stdin-broken' } })
  })

  it('reads CSV, whose header row comes in pieces', async () => {
    const input = new PassThrough()
    const reading = readThrough(stdin({ input, format: 'csv' }))
    for (const part of ['a,', 'b\n1', ',2\n', '"3\n', '",4']) input.write(part)
    input.end()
    expect((await reading).bodies).toEqual(['{"a":"1","b":"2"}', '{"a":"3\\n","b":"4"}'])
  })

  it('reads what is piped into the process, from a pipe and from a file', async () => {
    await using child = await program()
    expect(await child.pipe('one\ntwo\n')).toEqual(['one', 'two'])
    expect(await child.file('one\ntwo')).toEqual(['one', 'two'])
  })

  it('does not keep a process whose input never ends', async () => {
    await using child = await program()
    expect(await child.leaveOpen('one\n')).toEqual(['one'])
  })
})

function bodies(batch: Batch<Message> | undefined): readonly string[] {
  return [...(batch?.items ?? [])].map(({ body }) => Buffer.from(body).toString())
}
