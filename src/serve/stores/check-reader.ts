import { z } from 'zod'
import type { CheckFinding, CheckRun as CheckRunEntry, CheckSource } from '../../client/wire/checks.js'
import type { Page } from '../../client/wire/server.js'
import type { CheckReport } from '../../core/check-report.js'
import type {
  CheckedSource,
  CheckRun,
  CheckStore,
  CheckSubject,
  FindingKind,
  StoredFinding,
} from '../../core/check-store.js'
import { deadline } from '../../engine/deadline.js'
import { formatCursor, parseCursor } from '../cursor.js'
import { type Desk, type PageRequest, STORE_DEADLINE_MS } from '../desk.js'
import { RequestError } from '../problem.js'
import { runPage } from './run-page.js'

const FindingPlace = z.strictObject({ number: z.number().int().min(0) })

const KINDS = [
  'missing-left',
  'missing-right',
  'changed',
  'copies',
  'unstable',
  'mismatch',
  'unreferenced',
  'orphan',
] as const satisfies readonly FindingKind[]

/** Newest first. A flow without a database for its state has none. */
export async function checkRunsOf(desk: Desk, flow: string, page: PageRequest): Promise<Page<CheckRunEntry>> {
  const store = checkStoreOf(desk, flow)
  if (store === undefined) return { items: [], next: null }
  const { items, next } = await runPage(page, (place) => within(desk, flow, () => store.list({ flow, ...place })))
  return { items: items.map(runOf), next }
}

/** `undefined`: there is no such run of this flow. */
export async function checkRunOf(desk: Desk, flow: string, id: string): Promise<CheckRunEntry | undefined> {
  const store = checkStoreOf(desk, flow)
  const run = store && (await within(desk, flow, () => store.get(id)))
  return run?.flow === flow ? runOf(run) : undefined
}

/** In the order in which they were found; `undefined`: there is no such run of this flow. */
export async function findingsOf(
  desk: Desk,
  { flow, id }: { readonly flow: string; readonly id: string },
  page: PageRequest & { readonly kind?: string | undefined },
): Promise<Page<CheckFinding> | undefined> {
  const store = checkStoreOf(desk, flow)
  if (store === undefined || (await checkRunOf(desk, flow, id)) === undefined) return undefined
  const { limit, cursor, kind } = page
  const after = parseCursor(cursor, FindingPlace)?.number
  const place = { limit: limit + 1, ...kindsOf(kind), ...(after === undefined ? {} : { after }) }
  const found = await within(desk, flow, () => store.findings(id, place))
  const items = found.slice(0, limit)
  const last = items.at(-1)
  return {
    items: items.map(findingOf),
    next: found.length > limit && last !== undefined ? formatCursor({ number: last.number }) : null,
  }
}

/** `undefined`: the flow has no database for its state. */
export function checkStoreOf(desk: Desk, flow: string): CheckStore | undefined {
  return desk.stateOf(flow)[0]?.state.checks
}

function within<Result>(desk: Desk, flow: string, work: () => Promise<Result>): Promise<Result> {
  return deadline({ what: `the checks of flow ${flow}`, ms: STORE_DEADLINE_MS, signal: desk.abort }, work)
}

function kindsOf(kind: string | undefined): { kinds?: readonly FindingKind[] } {
  if (kind === undefined) return {}
  const known = KINDS.find((each) => each === kind)
  if (known !== undefined) return { kinds: [known] }
  throw new RequestError(400, 'kind-unknown', 'there is no such kind of finding', `known are ${KINDS.join(', ')}`)
}

function runOf(run: CheckRun): CheckRunEntry {
  const { subject, report, found } = run
  const byKind = Object.entries(found.byKind).filter((entry): entry is [string, number] => entry[1] !== undefined)
  return {
    id: run.id,
    flow: run.flow,
    kind: subject.kind,
    state: run.state,
    verdict: report?.verdict ?? null,
    startedAt: run.startedAt,
    endedAt: run.endedAt ?? null,
    exitCode: run.exitCode ?? null,
    error: run.error ?? null,
    sources: sourcesOf(subject),
    of: subject.kind === 'references' ? subject.of : null,
    columns: report?.kind === 'tables' ? report.columns : [],
    keyColumns: keyColumnsOf(report),
    figures: report === undefined ? {} : figuresOf(report),
    found: Object.fromEntries(byKind),
    kept: found.kept,
  }
}

function sourcesOf(subject: CheckSubject): readonly CheckSource[] {
  const source = (role: CheckSource['role'], { label, where, query }: CheckedSource): CheckSource => ({
    role,
    label,
    where: where ?? null,
    query: query ?? null,
  })
  if (subject.kind === 'tables') return [source('left', subject.left), source('right', subject.right)]
  return [source('master', subject.master), ...subject.references.map((each) => source('reference', each))]
}

function keyColumnsOf(report: CheckReport | undefined): readonly string[] {
  if (report === undefined) return []
  return report.kind === 'tables' ? report.keyColumns : [report.master.key]
}

/** All that are numbers; those of rows by their sides. */
function figuresOf(report: CheckReport): Readonly<Record<string, number>> {
  const sides =
    report.kind === 'tables'
      ? { rowsLeft: Number(report.rows.left), rowsRight: Number(report.rows.right) }
      : { rows: report.master.rows }
  const numbers = Object.entries(report).filter((entry): entry is [string, number] => typeof entry[1] === 'number')
  return { ...sides, ...Object.fromEntries(numbers) }
}

function findingOf(finding: StoredFinding): CheckFinding {
  const { number, about, kind } = finding
  const none = { columns: [], copies: null, left: null, right: null, expected: null, stored: null, references: [] }
  if (finding.about === 'row') {
    const { key, columns, copies, left, right } = finding
    return {
      ...none,
      number,
      about,
      kind,
      key,
      columns,
      copies: copies ?? null,
      left: left ?? null,
      right: right ?? null,
    }
  }
  const { key, expected, stored, sources } = finding
  return { ...none, number, about, kind, key: [key], expected, stored: stored ?? null, references: sources }
}
