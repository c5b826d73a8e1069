import type { Database, Flow } from 'lockstep'
import { memoryDatabase } from 'lockstep/memory'
import type { CheckReport } from '../../src/core/check-report.js'
import type { FlowContext, ListedFeed } from '../../src/core/flow.js'
import type { ObjectStore } from '../../src/core/object-store.js'
import type { LeaseTold } from '../../src/core/state.js'
import { formatManifest, type Manifest } from '../../src/flows/feed/manifest.js'
import { subject, toyFlow } from '../serve/subject.js'

/**
 * An API over which everything is as long as it gets in earnest: names without a place to break them, addresses, keys,
 * lanes, reasons. What is shown of it on a telephone must still fit.
 */
export async function wideSubject() {
  const state = memoryDatabase({ tables: [] })
  await keepRuns(state)
  const api = subject({
    state,
    alerts: {
      to: { label: `webhook https://${ADDRESS}/hooks/incoming`, send: async () => '', diagnose: async () => [] },
    },
    flows: { [WIDE.sync]: syncFlow(state), standby: standbyFlow(), [WIDE.check]: checkFlow(), [WIDE.feed]: feedFlow() },
  })
  const ids = [`urn:shipment:${'4f3a9c0e'.repeat(12)}`, 'short']
  for (const id of ids) api.refused.add(id)
  api.stream.append(...ids.map((id) => ({ id, json: { id, price: 1 }, headers: { [`x-${id}`]: id } })), {
    body: `no json ${'x'.repeat(300)}`,
  })
  return api
}

/** Names of its flows; `quotes` of the plain subject is there too, with dead letters. */
export const WIDE = {
  sync: 'warehouse_positions_between_frankfurt_and_dublin_mirror',
  check: 'references_of_documents_and_their_attachments_in_the_archive',
  feed: 'price_list_for_marketplaces_in_all_countries_and_currencies',
  /** Runs of the check: rows that differ, numbers that are wrong, and one that failed. */
  runs: { rows: 'r1', numbers: 'r2', failed: 'r3' },
  /** A run of the feed. */
  feedRun: '0123456789abcdef',
} as const

/** Every kind of page, over these flows. */
export const WIDE_PAGES: readonly string[] = [
  '/',
  ...[WIDE.sync, 'standby', WIDE.check, WIDE.feed].map((flow) => `/flows/${flow}`),
  '/dead-letters/quotes',
  '/checks',
  ...Object.values(WIDE.runs).map((run) => `/checks/${WIDE.check}/${run}`),
  '/feeds',
  `/feeds/${WIDE.feed}/1204`,
  `/feeds/${WIDE.feed}/runs/${WIDE.feedRun}`,
  `/conflicts/${WIDE.sync}`,
]

const ADDRESS = 'a-database-with-a-long-name.internal.eu-central-1.rds.example.com:5432'
const STARTED = '2026-01-02T03:04:05.000Z'
const COLUMNS = [
  'country',
  'sku',
  ...Array.from({ length: 12 }, (_, index) => `measured_quantity_of_warehouse_${index}`),
]
const LEASE: LeaseTold = { holder: `worker-7f3c9d-${'x'.repeat(30)}.example.com/4711`, epoch: 1_204, since: STARTED }

async function keepRuns({ state }: Database): Promise<void> {
  await keepTables(state)
  await keepReferences(state)
  const refused = {
    rows: 0,
    bytes: 0,
    files: 0,
    outcome: 'refused',
    error: { code: 'feed-rejected', message: WORD },
  } as const
  const published = {
    rows: 12_345_678,
    bytes: 9_876_543_210,
    files: 48,
    outcome: 'published',
    error: undefined,
  } as const
  for (const [index, came] of [published, refused].entries())
    await state.feeds.save(
      {
        ...came,
        id: index === 0 ? WIDE.feedRun : `fedcba987654321${index}`,
        flow: WIDE.feed,
        feed: WIDE.feed,
        store: STORE,
        startedAt: STARTED,
        endedAt: `2026-01-02T04:04:0${index}.000Z`,
        sequence: index === 0 ? 1_204 : undefined,
        read: 123_456_789,
        skipped: 1_234_567,
        rejected: 98_765,
        keyColumns: ['country', 'stock_keeping_unit_of_the_manufacturer'],
        reasons: [
          {
            code: 'validator-refused',
            reason: `${WORD} at ${'items.0.attributes.'.repeat(8)}name`,
            count: 98_000,
            keys: KEYS,
          },
          { code: 'map-failed', reason: 'map threw TypeError', count: 765, keys: [['de', null]] },
        ],
        others: 12_345,
      },
      100,
    )
  await state.conflicts.record(
    ['17', 'k'.repeat(200)].map((key) => ({
      flow: WIDE.sync,
      table: 'inventory.warehouse_positions_by_country_and_stock_keeping_unit',
      key: [key],
      incoming: [key, ...COLUMNS.map((_, index) => (index === 3 ? null : `from Frankfurt ${index}`))],
      existing: [key, ...COLUMNS.map((_, index) => (index === 5 ? 'y'.repeat(200) : `from Frankfurt ${index}`))],
      decision: 'took-incoming',
    })),
  )
  await state.checkpoints.save({
    flow: WIDE.sync,
    lane: LANES[0] ?? '',
    position: '9'.repeat(1_500),
    expected: undefined,
  })
}

const WORD = `a sentence of some length with aVeryLongWordThatHasNoPlaceWhereItCouldBeBroken${'AndGoesOn'.repeat(8)}`
const STORE = `s3://${'marketplace-exports-of-the-whole-company/'.repeat(3)}listings`
const KEYS = Array.from({ length: 40 }, (_, index) => ['de', `${index}`.padStart(40, 'sku-')])
const LANES = [
  `${ADDRESS}/inventory public.warehouse_positions -> ${ADDRESS}/inventory public.warehouse_positions`,
  'projects/data/subscriptions/shipments-of-all-warehouses-in-all-countries/ordering-key-0123456789abcdef0123456789',
]

async function keepTables({ checks }: Database['state']): Promise<void> {
  const [left, right] = [`postgres://${ADDRESS}/inventory public.warehouse_positions`, `mysql://${ADDRESS}/inventory`]
  const where = `country in ('de', 'fr', 'it') and updated_at > '2026-01-01' and ${'x'.repeat(120)} is not null`
  const subject = { kind: 'tables', left: { label: left, where }, right: { label: right } } as const
  const row = COLUMNS.map((column, index) => (index === 4 ? null : `${column} ${index}`))
  const other = row.map((value, index) => (index === 6 ? 'z'.repeat(300) : index === 4 ? '12.50' : value))
  const report: CheckReport = {
    kind: 'tables',
    verdict: 'different',
    left,
    right,
    columns: COLUMNS,
    keyColumns: ['country', 'sku'],
    rows: { left: 12_345_678n, right: 12_345_679n },
    missingLeft: 1,
    missingRight: 0,
    changed: 1,
    unstable: 0,
    fetchedRows: 4,
    durationMs: 3_900_000,
  }
  await checks.begin({ id: WIDE.runs.rows, flow: WIDE.check, subject, startedAt: STARTED }, 10)
  const key = ['de', 'sku-'.repeat(40)]
  const columns = COLUMNS.slice(4, 7)
  await checks.add(WIDE.runs.rows, [
    { number: 1, about: 'row', kind: 'changed', key, columns, left: row, right: other },
    { number: 2, about: 'row', kind: 'missing-left', key: ['fr', '2'], columns: [], right: row },
  ])
  const found = { byKind: { changed: 1, 'missing-left': 1 }, kept: 2 }
  await checks.end(WIDE.runs.rows, {
    report,
    exitCode: 1,
    error: undefined,
    found,
    endedAt: '2026-01-02T04:09:05.000Z',
  })
}

async function keepReferences({ checks }: Database['state']): Promise<void> {
  const sources = ['documents', 'attachments'].map((table) => ({
    label: `postgres://${ADDRESS}/archive public.${table}`,
  }))
  const master = { label: `postgres://${ADDRESS}/archive public.blobs` }
  const subject = { kind: 'references', of: 'sum(bytes)', master, references: sources } as const
  const begun = { flow: WIDE.check, subject, startedAt: '2026-01-03T03:04:05.000Z' }
  await checks.begin({ ...begun, id: WIDE.runs.numbers }, 10)
  const sums = sources.map(({ label }, index) => ({ name: label, value: index === 0 ? '9'.repeat(38) : null }))
  await checks.add(WIDE.runs.numbers, [
    {
      number: 1,
      about: 'number',
      kind: 'mismatch',
      key: 'ab'.repeat(64),
      expected: '9'.repeat(38),
      stored: '1',
      sources: sums,
    },
    { number: 2, about: 'number', kind: 'orphan', key: '2', expected: '7', stored: undefined, sources: sums },
  ])
  const endedAt = '2026-01-04T03:09:05.000Z'
  const found = { byKind: { mismatch: 1, orphan: 1 }, kept: 2 }
  const report: CheckReport = {
    kind: 'references',
    verdict: 'different',
    of: 'sum',
    master: { label: master.label, key: 'id', rows: 1_000_000 },
    references: sources.map(({ label }) => ({ label, name: label, keys: 500_000 })),
    total: 123_456_789,
    mismatch: 1,
    unreferenced: 0,
    orphan: 1,
    unstable: 0,
    snapshotMs: 2_000,
    durationMs: 300_000,
  }
  await checks.end(WIDE.runs.numbers, { report, exitCode: 1, error: undefined, found, endedAt })
  await checks.begin({ ...begun, id: WIDE.runs.failed, startedAt: '2026-01-04T03:04:05.000Z' }, 10)
  const error = { code: 'database-unavailable', message: WORD }
  const none = { byKind: {}, kept: 0 }
  await checks.end(WIDE.runs.failed, { report: undefined, exitCode: 3, error, found: none, endedAt })
}

const drained = ({ drain }: FlowContext): Promise<void> =>
  new Promise((resolve) => drain.addEventListener('abort', () => resolve(), { once: true }))

function syncFlow(state: Database): Flow {
  const run: Flow['run'] = async (context) => {
    const { observer, name: flow } = context
    observer({ flow, type: 'leading', lease: LEASE, from: LEASE.holder })
    for (const lane of LANES)
      for (let batch = 0; batch < 20; batch++)
        observer({ flow, type: 'batch', lane, items: 1_234_567 + batch, durationMs: 3, lagMs: 3_500_000 * batch })
    const error = new Error(`${ADDRESS}: ${WORD}`)
    observer({ flow, type: 'retry', lane: LANES[0] ?? '', attempt: 3, delayMs: 1_000, error })
    observer({ flow, type: 'health', subject: `postgres://${ADDRESS}/inventory`, healthy: false, reason: WORD })
    await drained(context)
  }
  const describe = (): unknown => ({ table: WORD, between: [`postgres://${ADDRESS}/a`, `postgres://${ADDRESS}/b`] })
  return toyFlow(run, { kind: 'sync', databases: [state], describe })
}

function standbyFlow(): Flow {
  const run: Flow['run'] = async (context) => {
    context.observer({ flow: context.name, type: 'standby', lease: LEASE })
    await drained(context)
  }
  return toyFlow(run, { kind: 'sync' })
}

function checkFlow(): Flow {
  const run: Flow['run'] = async ({ observer, name: flow }) =>
    observer({ flow, type: 'verdict', verdict: 'different', detail: WORD, figures: {} })
  return toyFlow(run)
}

function feedFlow(): Flow {
  const manifest = `${WIDE.feed}-000001204.manifest.json`
  const files = Array.from({ length: 12 }, (_, index) => ({
    name: `${WIDE.feed}-${WIDE.feedRun}-${String(index).padStart(5, '0')}-of-00012.ndjson.gz`,
    rows: 1_028_806 + index,
    bytes: 823_045_267 + index,
    sha256: `${index}`.padStart(4, '0').repeat(16),
  }))
  const listed = (sequence: number, rest: Partial<ListedFeed>): ListedFeed => ({
    sequence,
    newest: false,
    manifest,
    store: STORE,
    publishedAt: STARTED,
    rows: 12_345_678,
    bytes: 9_876_543_210,
    files: 48,
    rejected: 98_765,
    problems: [],
    ...rest,
  })
  return toyFlow(async () => {}, {
    kind: 'feed',
    listFeeds: async () => [
      listed(1_204, { newest: true, addsTo: 1_200 }),
      listed(1_203, {
        problems: files.slice(0, 2).map(({ name }) => ({ file: name, problem: 'is not there any more' })),
      }),
      { sequence: 1_202, newest: false, manifest, store: STORE, problems: [{ file: manifest, problem: WORD }] },
    ],
    publishedFeed: async () => ({ store: storeOf({ ...MANIFEST, files }), object: manifest }),
  })
}

const MANIFEST: Omit<Manifest, 'files'> = {
  kind: 'lockstep-feed',
  version: 1,
  name: WIDE.feed,
  sequence: 1_204,
  run: WIDE.feedRun,
  publishedAt: STARTED,
  format: 'ndjson',
  compression: 'gzip',
  rows: 12_345_678,
  bytes: 9_876_543_210,
  skipped: 1_234_567,
  rejected: 98_765,
  columns: [{ name: 'sku', type: 'text' }],
  schema: 'ab',
}

/** Holds one manifest, and is only read. */
function storeOf(manifest: Manifest): ObjectStore {
  const refuse = async (): Promise<never> => Promise.reject(new Error('nothing is written here'))
  return {
    system: 'memory',
    label: STORE,
    create: refuse,
    async *read() {
      yield formatManifest(manifest)
    },
    list: async () => [],
    delete: refuse,
    sweep: async () => 0,
    diagnose: async () => [],
  }
}
