import { expect } from 'vitest'
import type { CheckRun, CheckStore, EndedCheckRun, NewCheckRun, StoredFinding } from '../../src/core/check-store.js'
import { type ContractOptions, contract } from './contract.js'

export interface CheckStoreHarness extends AsyncDisposable {
  readonly store: CheckStore
  /** The same runs as another instance of the program sees them; may be `store` where there is only one. */
  readonly other: CheckStore
  /** Makes the last sign of life of every run so much older. */
  age(seconds: number): Promise<void>
}

const TABLES = {
  kind: 'tables',
  left: { label: 'postgres://a:5432/app public.records', where: "note <> 'ü \0 '" },
  right: { label: 'mysql://b/app query (select ...)', query: 'select id, note from records' },
  sample: { share: 0.1, seed: 7 },
} as const

const REFERENCES = {
  kind: 'references',
  of: 'sum(bytes)',
  master: { label: 'mysql://b/app blobs.bytes' },
  references: [{ label: 'sqlite:a.db mails.body', where: 'deleted = 0' }, { label: 'sqlite:a.db mails.header' }],
} as const

const run = (at: number, rest: Partial<NewCheckRun> = {}): NewCheckRun => ({
  id: `run-${at}`,
  flow: 'same',
  subject: TABLES,
  startedAt: new Date(Date.UTC(2026, 0, 1, 0, at)).toISOString(),
  ...rest,
})

const FINISHED: EndedCheckRun = {
  endedAt: '2026-01-01T00:00:09.123Z',
  exitCode: 1,
  error: undefined,
  found: { byKind: { 'missing-left': 2, changed: 3, unstable: 1 }, kept: 5 },
  report: {
    kind: 'tables',
    verdict: 'different',
    left: TABLES.left.label,
    right: TABLES.right.label,
    columns: ['id', 'note'],
    keyColumns: ['id'],
    rows: { left: 9_007_199_254_740_993n, right: 0n },
    missingLeft: 2,
    missingRight: 0,
    changed: 3,
    unstable: 1,
    copies: 0,
    sample: { share: 0.1, seed: 7 },
    fetchedRows: 12,
    durationMs: 9_123.5,
    notes: ['a note'],
    repair: {
      mode: 'apply',
      table: TABLES.right.label,
      planned: 5,
      repaired: 4,
      changedMeanwhile: 1,
      failed: [],
      left: [{ reason: 'a reason', count: 2 }],
      applied: true,
    },
  },
}

const COUNTED: EndedCheckRun = {
  endedAt: '2026-01-01T00:00:10.000Z',
  exitCode: 0,
  error: undefined,
  found: { byKind: {}, kept: 0 },
  report: {
    kind: 'references',
    verdict: 'same',
    of: 'max',
    master: { label: REFERENCES.master.label, key: 'id', rows: 3 },
    references: [{ label: 'sqlite:a.db mails.body', name: 'mails.body', keys: 2 }],
    total: undefined,
    mismatch: 0,
    unreferenced: 0,
    orphan: 0,
    unstable: 0,
    snapshotMs: 5,
    durationMs: 7,
  },
}

const ODD = 'ü \0 \ud800 \u2028 </script>'

/** One of each shape, with texts that not every database keeps. */
const FINDINGS: readonly StoredFinding[] = [
  { number: 1, about: 'row', kind: 'missing-right', key: [ODD, null], columns: [] },
  { number: 2, about: 'row', kind: 'changed', key: ['2', ''], columns: ['note'], left: ['2', null], right: ['2', ODD] },
  { number: 3, about: 'row', kind: 'copies', key: [], columns: [], copies: { left: 3, right: 0 } },
  {
    number: 4,
    about: 'number',
    kind: 'mismatch',
    key: '18446744073709551615',
    expected: '7',
    stored: null,
    sources: [{ name: 'mails.body', value: '7' }],
  },
  { number: 5, about: 'number', kind: 'orphan', key: '9', expected: '1', stored: undefined, sources: [] },
]

const ids = (runs: readonly CheckRun[]): readonly string[] => runs.map(({ id }) => id)

/** What core/check-store.ts promises. Each call of `open` gives a store without runs. */
export function checkStoreContract(
  name: string,
  open: () => Promise<CheckStoreHarness>,
  options?: ContractOptions,
): void {
  const using = (test: (harness: CheckStoreHarness) => Promise<void>) => async () => {
    await using harness = await open()
    await test(harness)
  }
  contract(
    `${name}: CheckStore`,
    {
      'gives nothing of what was never there': using(async ({ store }) => {
        expect(await store.list()).toEqual([])
        expect(await store.list({ flow: 'same' })).toEqual([])
        expect(await store.get('none')).toBeUndefined()
        expect(await store.findings('none')).toEqual([])
        await store.add('none', FINDINGS)
        await store.alive('none', { byKind: {}, kept: 0 })
        await store.end('none', FINISHED)
        expect(await store.list()).toEqual([])
        expect(await store.findings('none')).toEqual([])
      }),
      'gives a run back as it began, as it goes on and as it ended': using(async ({ store, other }) => {
        const begun = run(1)
        await store.begin(begun, 100)
        const empty = { endedAt: undefined, report: undefined, exitCode: undefined, error: undefined }
        expect(await other.get(begun.id)).toEqual({
          ...begun,
          ...empty,
          state: 'running',
          found: { byKind: {}, kept: 0 },
        })
        await store.alive(begun.id, { byKind: { changed: 2 }, kept: 1 })
        expect(await other.get(begun.id)).toMatchObject({
          state: 'running',
          found: { byKind: { changed: 2 }, kept: 1 },
        })
        await store.end(begun.id, FINISHED)
        expect(await other.list()).toEqual([{ ...begun, ...FINISHED, state: 'finished' }])
      }),
      'gives a check of references back': using(async ({ store, other }) => {
        const begun = run(1, { subject: REFERENCES })
        await store.begin(begun, 100)
        await store.end(begun.id, COUNTED)
        expect(await other.get(begun.id)).toEqual({ ...begun, ...COUNTED, state: 'finished' })
      }),
      'keeps how a run failed': using(async ({ store, other }) => {
        await store.begin(run(1), 100)
        const error = { code: 'table-missing', message: 'flows.same: there is no table' }
        await store.end('run-1', { ...FINISHED, report: undefined, exitCode: 2, error })
        expect(await other.get('run-1')).toMatchObject({ state: 'failed', exitCode: 2, error, report: undefined })
      }),
      'takes the last end, and a begin that comes again changes nothing': using(async ({ store }) => {
        await store.begin(run(1), 100)
        await store.end('run-1', { ...COUNTED, exitCode: 3 })
        await store.end('run-1', COUNTED)
        await store.begin(run(1), 100)
        expect(await store.list()).toMatchObject([{ state: 'finished', exitCode: 0 }])
      }),
      'takes a run of which nothing is heard for interrupted, until it tells again': using(async ({ store, age }) => {
        for (const at of [1, 2, 3]) await store.begin(run(at), 100)
        await store.end('run-3', COUNTED)
        await age(300)
        await store.alive('run-2', { byKind: {}, kept: 0 })
        const states = async () => (await store.list()).map(({ state }) => state)
        expect(await states()).toEqual(['finished', 'running', 'interrupted'])
        await store.add('run-1', FINDINGS)
        expect(await states()).toEqual(['finished', 'running', 'running'])
      }),
      'gives findings back in their order, page by page and by kind': using(async ({ store, other }) => {
        await store.begin(run(1), 100)
        await store.begin(run(2), 100)
        await store.add('run-1', FINDINGS.slice(3))
        await store.add('run-1', FINDINGS.slice(0, 3))
        await store.add('run-1', [])
        await store.add('run-2', FINDINGS.slice(0, 1))
        expect(await other.findings('run-1')).toEqual(FINDINGS)
        expect(await other.findings('run-1', { limit: 2 })).toEqual(FINDINGS.slice(0, 2))
        expect(await other.findings('run-1', { limit: 2, after: 2 })).toEqual(FINDINGS.slice(2, 4))
        expect(await other.findings('run-1', { kinds: ['orphan', 'changed'] })).toEqual([FINDINGS[1], FINDINGS[4]])
        expect(await other.findings('run-1', { kinds: [] })).toEqual([])
      }),
      'keeps a finding once, however often it comes': using(async ({ store }) => {
        await store.begin(run(1), 100)
        await store.add('run-1', FINDINGS)
        await store.add('run-1', FINDINGS)
        expect(await store.findings('run-1')).toHaveLength(FINDINGS.length)
      }),
      'keeps a thousand findings with long keys': using(async ({ store }) => {
        await store.begin(run(1), 100)
        const many = Array.from({ length: 1_000 }, (_, at): StoredFinding => {
          return { number: at + 1, about: 'row', kind: 'changed', key: [`${at} ${'x'.repeat(1_000)}`], columns: ['a'] }
        })
        for (let at = 0; at < many.length; at += 100) await store.add('run-1', many.slice(at, at + 100))
        expect(await store.findings('run-1', { limit: 2_000 })).toEqual(many)
      }),
      'lists the newest first, page by page, of one flow or of all': using(async ({ store }) => {
        for (const at of [2, 1, 4, 3]) await store.begin(run(at), 100)
        const { startedAt } = run(4)
        await store.begin(run(5, { flow: 'Same', startedAt }), 100)
        expect(ids(await store.list())).toEqual(['run-5', 'run-4', 'run-3', 'run-2', 'run-1'])
        expect(ids(await store.list({ flow: 'same', limit: 2 }))).toEqual(['run-4', 'run-3'])
        expect(ids(await store.list({ flow: 'Same' }))).toEqual(['run-5'])
        const [first] = await store.list({ limit: 1 })
        expect(ids(await store.list({ limit: 2, ...(first && { before: first }) }))).toEqual(['run-4', 'run-3'])
      }),
      'forgets the oldest runs of a flow with their findings when another begins': using(async ({ store }) => {
        await store.begin(run(0, { flow: 'another' }), 3)
        for (const at of [1, 2, 3]) {
          await store.begin(run(at), 3)
          await store.add(`run-${at}`, FINDINGS)
        }
        await store.begin(run(4), 3)
        expect(ids(await store.list())).toEqual(['run-4', 'run-3', 'run-2', 'run-0'])
        expect(await store.findings('run-1')).toEqual([])
        expect(await store.findings('run-2')).toHaveLength(FINDINGS.length)
        await store.begin(run(5), 1)
        expect(ids(await store.list())).toEqual(['run-5', 'run-0'])
      }),
    },
    options,
  )
}
