import { describe, expect, it, vi } from 'vitest'
import type { AlertMessage, AlertSink } from '../../src/core/alert.js'
import { ConfigError, UnavailableError } from '../../src/core/errors.js'
import { subject, TOKEN, token, toyFlow } from './subject.js'

describe('the API', () => {
  it('tells how a running flow stands, with rates, lanes and series', async () => {
    await using api = subject()
    api.stream.append({ json: { id: 'a', price: 1 } }, { json: { id: 'b', price: 2 } })
    await vi.waitFor(async () => {
      expect(await api.json('/api/v1/flows')).toMatchObject({ flows: [{ name: 'quotes', items: 2, condition: 'ok' }] })
    })
    expect(await api.json('/api/v1/flows/quotes')).toMatchObject({
      state: 'running',
      kind: 'ingest',
      databases: ['memory://database'],
      tables: ['memory://database quotes'],
      actions: ['pause', 'replay', 'discard'],
      lanes: [{ lane: 'memory', items: 2 }],
      stored: { deadLetters: 0, held: 0, conflicts: 0 },
    })
    const series = await api.json('/api/v1/flows/quotes/series?step=1')
    expect(series).toMatchObject({ stepMs: 1_000 })
    expect(JSON.stringify(series)).toContain('2')
    expect(await api.json('/api/v1/flows/quotes/events')).toMatchObject({ items: [{ type: 'started', level: 'info' }] })
    expect(await api.json('/api/v1/flows/quotes/checkpoints')).toEqual({
      items: [{ database: 'memory://database', lane: 'memory', position: '2', characters: 1 }],
    })
  })

  it('answers problem+json with a code and a cure', async () => {
    await using api = subject()
    const unknown = await api.get('/api/v1/flows/none')
    expect(unknown.status).toBe(404)
    expect(unknown.headers.get('content-type')).toBe('application/problem+json')
    expect(await unknown.json()).toMatchObject({ status: 404, code: 'flow-unknown', title: 'Not found' })
    expect((await api.get('/api/v1/flows/quotes/dead-letters?limit=0')).status).toBe(400)
    expect(await api.json('/api/v1/flows/quotes/dead-letters?cursor=abc')).toMatchObject({ code: 'cursor-invalid' })
    expect((await api.get('/api/v2')).status).toBe(404)
  })

  it('pauses one flow, leaves its messages, and resumes it', async () => {
    await using api = subject()
    api.stream.append({ json: { id: 'a', price: 1 } })
    await vi.waitFor(() => expect(api.database.rows('quotes')).toHaveLength(1))
    expect((await api.post('/api/v1/flows/quotes/pause')).status).toBe(200)
    await vi.waitFor(async () => {
      expect(await api.json('/api/v1/flows/quotes')).toMatchObject({
        state: 'paused',
        condition: 'off',
        actions: ['resume', 'reset', 'replay', 'discard'],
      })
    })
    api.stream.append({ json: { id: 'b', price: 2 } })
    const again = await api.post('/api/v1/flows/quotes/pause')
    expect(again.status).toBe(409)
    expect(await again.json()).toMatchObject({ code: 'flow-state', fix: 'what it would do now: resume' })
    expect(api.database.rows('quotes')).toHaveLength(1)
    expect((await api.post('/api/v1/flows/quotes/resume')).status).toBe(200)
    await vi.waitFor(() => expect(api.database.rows('quotes')).toHaveLength(2))
    expect(await api.json('/api/v1/flows/quotes')).toMatchObject({ state: 'running', items: 2 })
  })

  it('resets checkpoints of a flow that rests, when its name is said again', async () => {
    await using api = subject()
    api.stream.append({ json: { id: 'a', price: 1 } })
    await vi.waitFor(() => expect(api.database.rows('quotes')).toHaveLength(1))
    const path = '/api/v1/flows/quotes/checkpoints/reset'
    expect(await (await api.post(path, { confirm: 'quotes' })).json()).toMatchObject({ code: 'flow-state' })
    await api.post('/api/v1/flows/quotes/pause')
    await vi.waitFor(() => expect(api.board.figures('quotes')?.state).toBe('paused'))
    expect(await (await api.post(path, { confirm: 'quote' })).json()).toMatchObject({ code: 'confirm-wrong' })
    expect(await (await api.post(path, {})).json()).toMatchObject({ code: 'request-invalid' })
    expect(await (await api.post(path, { confirm: 'quotes' })).json()).toEqual({ lanes: 1 })
    expect(await api.json('/api/v1/flows/quotes/checkpoints')).toEqual({ items: [] })
  })

  it('lists dead letters by pages, shows one, replays some and discards the rest', async () => {
    await using api = subject()
    const ids = ['p1', 'p2', 'p3', 'p4', 'p5']
    for (const id of ids) api.refused.add(id)
    api.stream.append(...ids.map((id) => ({ json: { id, price: 1 }, headers: { trace: id } })))
    const letters = '/api/v1/flows/quotes/dead-letters'
    await vi.waitFor(async () => {
      expect(await api.json('/api/v1/flows/quotes')).toMatchObject({
        stored: { deadLetters: 5 },
        condition: 'attention',
      })
    }, 10_000)
    const seen: unknown[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: { items: { id: string }[]; next: string | null } = JSON.parse(
        await (await api.get(`${letters}?limit=2&state=dead,held&cursor=${cursor}`.replace(/&cursor=$/, ''))).text(),
      )
      expect(page.items.length).toBeLessThanOrEqual(2)
      seen.push(...page.items)
      cursor = page.next
    }
    expect(seen).toHaveLength(5)
    expect(JSON.stringify(seen)).not.toContain('price')
    const [first] = seen
    const id = String(Reflect.get(Object(first), 'id'))
    expect(await api.json(`${letters}/${id}`)).toMatchObject({
      code: 'check-violation',
      encoding: 'text',
      payload: expect.stringContaining('price'),
    })
    const download = await api.get(`${letters}/${id}/payload`)
    expect(download.headers.get('content-type')).toBe('application/octet-stream')
    expect(download.headers.get('x-content-type-options')).toBe('nosniff')
    expect(download.headers.get('content-disposition')).toMatch(/^attachment; filename="[\w-]+\.bin"$/)
    expect(JSON.parse(await download.text())).toMatchObject({ price: 1 })
    api.refused.clear()
    expect(await (await api.post(`${letters}/replay`, {})).json()).toMatchObject({ code: 'letters-not-chosen' })
    expect(await (await api.post(`${letters}/replay`, { ids: ['none'] })).json()).toMatchObject({
      code: 'letter-unknown',
    })
    expect(await (await api.post(`${letters}/replay`, { ids: [id] })).json()).toEqual({
      done: true,
      letters: 1,
      replayed: 1,
      failed: 0,
    })
    expect(api.database.rows('quotes')).toHaveLength(1)
    expect(await (await api.post(`${letters}/discard`, { all: true })).json()).toEqual({ letters: 4, discarded: 4 })
    expect(await api.json(`${letters}?state=discarded`)).toMatchObject({ items: { length: 4 }, next: null })
    expect(api.unexpected).toEqual([])
  })

  it('sends a test alert to each place, and says what came back or why nothing did', async () => {
    const sent: AlertMessage[] = []
    const place = (label: string, send: AlertSink['send']): AlertSink => ({ label, send, diagnose: async () => [] })
    const to = [
      place('taker', async (message) => {
        sent.push(message)
        return '200 ok'
      }),
      place('refuser', async () => {
        const fix = 'correct the address'
        throw new ConfigError({ code: 'webhook-refused', key: 'x', message: 'answered 403 go away', fix })
      }),
      place('sleeper', async () => {
        throw new UnavailableError('webhook-failed', 'answered 503 later')
      }),
    ]
    const quiet = toyFlow(async () => {}, { alert: { on: false, to: undefined, rules: {} } })
    await using api = subject({ alerts: { to }, flows: { quiet } })
    expect(await api.json('/api/v1/flows/quotes')).toMatchObject({
      alertsTo: ['taker', 'refuser', 'sleeper'],
      actions: expect.arrayContaining(['test-alert']),
    })
    expect(await (await api.post('/api/v1/flows/quotes/alerts/test')).json()).toEqual({
      results: [
        { place: 'taker', arrived: true, answer: '200 ok', fix: null },
        { place: 'refuser', arrived: false, answer: 'answered 403 go away', fix: 'correct the address' },
        { place: 'sleeper', arrived: false, answer: 'answered 503 later', fix: null },
      ],
    })
    expect(sent).toMatchObject([{ test: true, alerts: [{ flow: 'quotes' }] }])
    const nowhere = await api.post('/api/v1/flows/quiet/alerts/test')
    expect([nowhere.status, await nowhere.json()]).toMatchObject([409, { code: 'alert-without-place' }])
    expect(await api.json('/api/v1/flows/quiet')).toMatchObject({ alertsTo: [] })
  })

  it('gives each request an id, in the answer, in a problem, and in what it logs', async () => {
    await using api = subject({ access: { token } })
    const of = (id: string) => ({ headers: { 'x-request-id': id, authorization: `Bearer ${TOKEN}` } })
    expect((await api.get('/api/v1/about', of('trace-1_=A'))).headers.get('x-request-id')).toBe('trace-1_=A')
    for (const id of ['', 'a b', 'a\tb', '<script>', 'x'.repeat(101), '"quoted"', 'é']) {
      const answer = await api.get('/healthz', of(id))
      expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    }
    const refused = await api.get('/api/v1/flows', { headers: { 'x-request-id': 'r-2' } })
    expect(refused.headers.get('x-request-id')).toBe('r-2')
    expect(await refused.json()).toMatchObject({ code: 'token-missing', requestId: 'r-2' })
    await api.get('/api/v1/flows', { headers: { 'x-request-id': 'r-3' } })
    await api.get('/api/v1/flows/none?secret=canary', of('r-4'))
    await api.post('/api/v1/flows/quotes/pause', { extra: 'canary' }, of('r-5'))
    const lines = api.requests.filter(({ requestId }) => /^r-/.test(requestId))
    expect(lines).toMatchObject([
      {
        event: 'serve.refused',
        requestId: 'r-2',
        method: 'GET',
        path: '/api/v1/flows',
        status: 401,
        code: 'token-missing',
      },
      { event: 'serve.request', requestId: 'r-3', status: 401 },
      { event: 'serve.request', requestId: 'r-4', path: '/api/v1/flows/none', status: 404, code: 'flow-unknown' },
      { event: 'serve.change', requestId: 'r-5', method: 'POST', status: 400 },
    ])
    expect(JSON.stringify(lines)).not.toContain('canary')
  })

  it('puts the id of a request into what a replay tells of itself', async () => {
    await using api = subject()
    api.refused.add('bad')
    api.stream.append({ json: { id: 'bad', price: 1 } })
    await vi.waitFor(async () => {
      expect(await api.json('/api/v1/flows/quotes')).toMatchObject({ stored: { deadLetters: 1 } })
    }, 10_000)
    api.refused.clear()
    await api.post('/api/v1/flows/quotes/dead-letters/replay', { all: true }, { headers: { 'x-request-id': 'r-6' } })
    expect(api.told.filter(({ requestId }) => requestId === 'r-6').map(({ type }) => type)).toContain('batch')
    expect(api.told.filter(({ requestId }) => requestId === undefined).length).toBeGreaterThan(0)
  })
})
