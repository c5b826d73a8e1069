import { LockstepClient } from 'lockstep/client'
import { memoryDatabase } from 'lockstep/memory'
import { describe, expect, it } from 'vitest'
import type { FeedReport } from '../../src/core/feed-run.js'
import { subject, toyFlow } from './subject.js'

function report(number: number, rest: Partial<FeedReport> = {}): FeedReport {
  return {
    id: `0123456789abcde${number}`,
    flow: 'shops',
    feed: 'shops',
    store: 'file:///srv/feeds',
    outcome: 'published',
    startedAt: `2026-01-0${number}T00:00:00.000Z`,
    endedAt: `2026-01-0${number}T00:00:05.000Z`,
    sequence: number,
    read: 10,
    skipped: 1,
    rejected: 2,
    rows: 7,
    bytes: 70,
    files: 1,
    error: undefined,
    keyColumns: ['region', 'id'],
    reasons: [{ code: 'map-failed', reason: 'map threw TypeError', count: 2, keys: [['north', null]] }],
    others: 3,
    ...rest,
  }
}

const REFUSED = report(2, {
  outcome: 'refused',
  sequence: undefined,
  error: { code: 'feed-rejected', message: '2 of 10 rows cannot be published' },
})

async function subjectWithRuns() {
  const state = memoryDatabase({ tables: [] })
  const shops = toyFlow(async () => undefined, { kind: 'feed' })
  const api = subject({ flows: { shops, alone: toyFlow(async () => undefined) }, state })
  for (const run of [report(1), REFUSED, report(3)]) await state.state.feeds.save(run, 100)
  return api
}

describe('runs of feeds over the API', () => {
  it('are listed newest first, page by page, also those that published nothing', async () => {
    await using api = await subjectWithRuns()
    const client = new LockstepClient({
      url: 'http://127.0.0.1:4680',
      fetch: async (input, init) => api.get(new URL(String(input)).pathname + new URL(String(input)).search, init),
    })
    const first = await client.feedRuns('shops', { limit: 2 })
    expect(first.items.map(({ outcome, sequence }) => [outcome, sequence])).toEqual([
      ['published', 3],
      ['refused', null],
    ])
    const second = await client.feedRuns('shops', { limit: 2, cursor: first.next ?? undefined })
    expect(second).toMatchObject({ items: [{ sequence: 1 }], next: null })
    expect(JSON.stringify([first, second])).not.toContain('north')
    const { sequence: _, ...refused } = REFUSED
    expect(await client.feedReport('shops', REFUSED.id)).toEqual({ ...refused, sequence: null })
    expect((await client.feedReport('shops', report(3).id)).reasons).toEqual(report(3).reasons)
    expect(api.unexpected).toEqual([])
  })

  it('that are not there are told as such', async () => {
    await using api = await subjectWithRuns()
    const runs = '/api/v1/flows/shops/feed-runs'
    expect(await api.json('/api/v1/flows/alone/feed-runs')).toEqual({ items: [], next: null })
    expect(await api.json('/api/v1/flows/quotes/feed-runs')).toEqual({ items: [], next: null })
    expect(await api.json(`${runs}/fedcba9876543210`)).toMatchObject({ status: 404, code: 'feed-run-unknown' })
    expect(await api.json(`/api/v1/flows/alone/feed-runs/${REFUSED.id}`)).toMatchObject({ code: 'feed-run-unknown' })
    expect((await api.get(`${runs}/..%2f..`)).status).toBe(400)
    expect((await api.get(`${runs}?cursor=x`)).status).toBe(400)
    expect((await api.get(`/api/v1/flows/none/feed-runs/${REFUSED.id}`)).status).toBe(404)
  })
})
