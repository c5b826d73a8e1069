import type { FeedReport as FeedReportEntry, FeedRun as FeedRunEntry } from '../../client/wire/feeds.js'
import type { Page } from '../../client/wire/server.js'
import type { FeedReport, FeedRun, FeedRunStore } from '../../core/feed-run.js'
import { deadline } from '../../engine/deadline.js'
import { type Desk, type PageRequest, STORE_DEADLINE_MS } from '../desk.js'
import { runPage } from './run-page.js'

/** Newest first. A flow without a database for its state has none. */
export async function feedRunsOf(desk: Desk, flow: string, page: PageRequest): Promise<Page<FeedRunEntry>> {
  const store = storeOf(desk, flow)
  if (store === undefined) return { items: [], next: null }
  const { items, next } = await runPage(page, (place) => within(desk, flow, () => store.list({ flow, ...place })))
  return { items: items.map(runOf), next }
}

/** `undefined`: no run of this id is kept. */
export async function feedReportOf(desk: Desk, flow: string, id: string): Promise<FeedReportEntry | undefined> {
  const store = storeOf(desk, flow)
  const report = store && (await within(desk, flow, () => store.get(flow, id)))
  return report && reportOf(report)
}

function storeOf(desk: Desk, flow: string): FeedRunStore | undefined {
  return desk.stateOf(flow)[0]?.state.feeds
}

function within<Result>(desk: Desk, flow: string, work: () => Promise<Result>): Promise<Result> {
  return deadline({ what: `the runs of flow ${flow}`, ms: STORE_DEADLINE_MS, signal: desk.abort }, work)
}

function runOf(run: FeedRun): FeedRunEntry {
  const { id, flow, feed, store, outcome, startedAt, endedAt, sequence, error } = run
  const { read, skipped, rejected, rows, bytes, files } = run
  const figures = { read, skipped, rejected, rows, bytes, files }
  const times = { startedAt, endedAt, sequence: sequence ?? null }
  return { id, flow, feed, store, outcome, ...times, ...figures, error: error ?? null }
}

function reportOf(report: FeedReport): FeedReportEntry {
  const { keyColumns, reasons, others } = report
  return { ...runOf(report), keyColumns, reasons, others }
}
