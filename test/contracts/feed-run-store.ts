import { expect } from 'vitest'
import type { FeedReport, FeedRun, FeedRunStore } from '../../src/core/feed-run.js'
import { type ContractOptions, contract } from './contract.js'

export interface FeedRunStoreHarness extends AsyncDisposable {
  readonly store: FeedRunStore
  /** The same runs as another instance of the program sees them; may be `store` where there is only one. */
  readonly other: FeedRunStore
}

const ODD = 'ü \0 \ud800 \u2028 </script>'

function report(at: number, rest: Partial<FeedReport> = {}): FeedReport {
  return {
    id: `a1b2c3d4e5f6${String(at).padStart(4, '0')}`,
    flow: 'facilities',
    feed: 'facilities',
    store: "file:///srv/feeds/it's",
    outcome: 'published',
    startedAt: new Date(Date.UTC(2026, 0, 1, 0, at, 0, 123)).toISOString(),
    endedAt: new Date(Date.UTC(2026, 0, 1, 0, at, 9)).toISOString(),
    sequence: at,
    read: 9_007_199_254_740_991,
    skipped: 2,
    rejected: 3,
    rows: 10,
    bytes: 200,
    files: 1,
    error: undefined,
    keyColumns: ['id', 'Name'],
    reasons: [
      {
        code: 'entity-invalid',
        reason: `url must be ${ODD}`,
        count: 2,
        keys: [
          ['1', ODD],
          ['2', null],
        ],
      },
      { code: 'map-failed', reason: 'map threw TypeError', count: 1, keys: [] },
    ],
    others: 7,
    ...rest,
  }
}

const REFUSED: Partial<FeedReport> = {
  outcome: 'refused',
  sequence: undefined,
  error: { code: 'feed-rejected', message: '3 of 9 rows cannot be published' },
}

const ids = (runs: readonly FeedRun[]): readonly string[] => runs.map(({ id }) => id.slice(-1))

/** What core/feed-run.ts promises. Each call of `open` gives a store without runs. */
export function feedRunStoreContract(
  name: string,
  open: () => Promise<FeedRunStoreHarness>,
  options?: ContractOptions,
): void {
  const using = (test: (harness: FeedRunStoreHarness) => Promise<void>) => async () => {
    await using harness = await open()
    await test(harness)
  }
  contract(
    `${name}: FeedRunStore`,
    {
      'gives nothing of what was never there': using(async ({ store }) => {
        expect(await store.list({ flow: 'facilities' })).toEqual([])
        expect(await store.get('facilities', 'none')).toBeUndefined()
      }),
      'gives a run back with all that it rejected, and lists it without': using(async ({ store, other }) => {
        const [published, refused] = [report(1), report(2, REFUSED)]
        await store.save(published, 100)
        await store.save(refused, 100)
        expect(await other.get('facilities', published.id)).toEqual(published)
        expect(await other.get('facilities', refused.id)).toEqual(refused)
        const { keyColumns: _columns, reasons: _reasons, others: _others, ...run } = refused
        expect((await other.list({ flow: 'facilities' }))[0]).toEqual(run)
      }),
      'takes the last report of a run, and knows a run of another flow apart': using(async ({ store, other }) => {
        await store.save(report(1, REFUSED), 100)
        await store.save(report(1), 100)
        await store.save(report(1, { flow: 'Facilities', outcome: 'failed' }), 100)
        expect(await other.list({ flow: 'facilities' })).toMatchObject([{ outcome: 'published', error: undefined }])
        expect(await other.get('Facilities', report(1).id)).toMatchObject({ outcome: 'failed' })
        expect(await other.get('another', report(1).id)).toBeUndefined()
      }),
      'keeps a thousand long keys': using(async ({ store, other }) => {
        const keys = Array.from({ length: 1_000 }, (_, at) => [`${at} ${'x'.repeat(250)}`])
        const large = report(1, { reasons: [{ code: 'c', reason: 'r', count: 1_000, keys }] })
        await store.save(large, 1)
        expect(await other.get('facilities', large.id)).toEqual(large)
      }),
      'lists the newest first, page by page': using(async ({ store }) => {
        for (const at of [2, 1, 4, 3]) await store.save(report(at), 100)
        await store.save(report(5, { startedAt: report(4).startedAt }), 100)
        const flow = 'facilities'
        expect(ids(await store.list({ flow }))).toEqual(['5', '4', '3', '2', '1'])
        const [first] = await store.list({ flow, limit: 1 })
        expect(ids(await store.list({ flow, limit: 2, ...(first && { before: first }) }))).toEqual(['4', '3'])
      }),
      'forgets the oldest runs of a flow when another is kept': using(async ({ store }) => {
        await store.save(report(0, { flow: 'another' }), 3)
        for (const at of [1, 2, 3, 4]) await store.save(report(at), 3)
        expect(ids(await store.list({ flow: 'facilities' }))).toEqual(['4', '3', '2'])
        expect(await store.get('facilities', report(1).id)).toBeUndefined()
        await store.save(report(5), 1)
        expect(ids(await store.list({ flow: 'facilities' }))).toEqual(['5'])
        expect(ids(await store.list({ flow: 'another' }))).toEqual(['0'])
      }),
    },
    options,
  )
}
