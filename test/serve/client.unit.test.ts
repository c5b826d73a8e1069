import { LockstepClient, ProblemError } from 'lockstep/client'
import { describe, expect, it, vi } from 'vitest'
import { subject, TOKEN, token } from './subject.js'

function clientOf(api: Awaited<ReturnType<typeof subject>>, given: string | undefined = TOKEN): LockstepClient {
  const fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers)
    headers.set('host', 'localhost:4680')
    return api.app.fetch(new Request(input, { ...init, headers }))
  }
  return new LockstepClient({ url: 'http://localhost:4680/', token: () => given, fetch })
}

describe('the client', () => {
  it('reads and changes what the API offers', async () => {
    await using api = subject({ access: { token } })
    const client = clientOf(api)
    api.refused.add('bad')
    api.stream.append({ json: { id: 'a', price: 1 } }, { json: { id: 'bad', price: 1 } })
    await vi.waitFor(async () => expect((await client.letters('quotes')).items).toHaveLength(1))
    const [letter] = (await client.letters('quotes', { code: ['check-violation', 'other'], state: ['dead'], limit: 1 }))
      .items
    expect(letter).toMatchObject({ flow: 'quotes', stage: 'write' })
    const id = letter?.id ?? ''
    expect((await client.letter('quotes', id)).payload).toContain('bad')
    expect(await (await client.payload('quotes', id)).text()).toContain('bad')
    expect((await client.flows()).map(({ name }) => name)).toEqual(['quotes'])
    expect((await client.series('quotes', 1)).items).toHaveLength(300)
    expect((await client.series('quotes')).items).toHaveLength(360)
    expect((await client.about()).mode).toBe('run')
    expect(await client.ready()).toEqual({ ready: true, problems: [] })
    expect((await client.config('quotes')).options).toMatchObject({ from: 'memory://stream', lanes: 4 })
    api.refused.clear()
    expect(await client.replay('quotes', { ids: [id] })).toMatchObject({ replayed: 1 })
    await client.pause('quotes')
    await vi.waitFor(async () => expect((await client.flow('quotes')).state).toBe('paused'))
    expect(await client.resetCheckpoints('quotes', 'quotes')).toEqual({ lanes: 1 })
    await client.resume('quotes')
    await vi.waitFor(async () => expect((await client.flow('quotes')).state).toBe('running'))
  })

  it('rejects with what the server says is wrong, and when nobody answers', async () => {
    await using api = subject({ access: { token } })
    await expect(clientOf(api, 'wrong').flows()).rejects.toMatchObject({ status: 401, code: 'token-missing' })
    await expect(clientOf(api).flow('none')).rejects.toBeInstanceOf(ProblemError)
    await expect(clientOf(api).resume('quotes')).rejects.toMatchObject({ status: 409, code: 'flow-state' })
    const alone = new LockstepClient({ url: 'http://127.0.0.1:1' })
    await expect(alone.flows()).rejects.toMatchObject({ status: 0, code: 'no-answer' })
  })

  it('hears of happenings at once, of all flows every second, and of those it missed', async () => {
    await using api = subject({ access: { token } })
    const client = clientOf(api)
    const over = new AbortController()
    const events = client.events({ signal: over.signal })
    expect((await events.next()).value).toMatchObject({ type: 'flows', flows: [{ name: 'quotes' }] })
    api.refused.add('bad')
    api.stream.append({ json: { id: 'bad', price: 1 } })
    let last = ''
    for await (const event of events) {
      last = event.id
      if (event.type === 'happening' && event.happening.type === 'dead-letters') break
    }
    await client.pause('quotes')
    await vi.waitFor(() => expect(api.board.figures('quotes')?.state).toBe('paused'))
    const missed: unknown[] = []
    for await (const event of client.events({ lastEventId: last })) {
      if (event.type === 'flows') break
      missed.push(event)
    }
    expect(missed).toMatchObject(['draining', 'stopped', 'paused'].map((type) => ({ happening: { type } })))
    const foreign = client.events({ lastEventId: 'other-7' })
    expect((await foreign.next()).value).toMatchObject({ type: 'reset' })
    await foreign.return(undefined)
    over.abort()
  })
})
