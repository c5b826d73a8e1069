import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { subject } from './subject.js'

/** What comes in, write by write. */
function reading(body: ReadableStream<Uint8Array>) {
  const writes: string[] = []
  const decoder = new TextDecoder()
  const reader = body.getReader()
  const ended = (async () => {
    for (let next = await reader.read(); !next.done; next = await reader.read()) writes.push(decoder.decode(next.value))
  })()
  return { writes, text: () => writes.join(''), cancel: () => reader.cancel().then(() => ended) }
}

describe('live updates', () => {
  it('tell each happening once and in order, and many of them in few writes', async () => {
    await using api = subject()
    const { body } = await api.get('/api/v1/events')
    const live = reading(body ?? expect.fail('no stream'))
    await vi.waitFor(() => expect(live.text()).toContain('event: flows'))
    const before = live.writes.length
    const codes = Array.from({ length: 300 }, (_, at) => `code-${at}`)
    for (const code of codes) {
      api.board.observer({ flow: 'quotes', type: 'notice', level: 'warn', code, message: `of ${code}.` })
      if (Number(code.slice(5)) % 20 === 0) await delay(1)
    }
    const told = () => [...live.text().matchAll(/of (code-\d+)\./g)].map(([, code]) => code)
    await vi.waitFor(() => expect(told().at(-1)).toBe(codes.at(-1)), 10_000)
    expect(told()).toEqual(codes)
    expect(live.writes.length - before).toBeLessThan(codes.length / 3)
    await live.cancel()
  })
})
