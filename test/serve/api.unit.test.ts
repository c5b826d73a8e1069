import { describe, expect, it, vi } from 'vitest'
import { subject } from './subject.js'

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
})
