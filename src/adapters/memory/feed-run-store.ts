import type { FeedReport, FeedRun, FeedRunPage, FeedRunStore } from '../../core/feed-run.js'

/** Runs of feeds that live as long as the object. */
export class MemoryFeedRunStore implements FeedRunStore {
  readonly #kept = new Map<string, FeedReport>()

  async save(report: FeedReport, keepRuns: number): Promise<void> {
    const { flow } = report
    this.#kept.set(identity(flow, report.id), report)
    const runs = await this.list({ flow, limit: Number.POSITIVE_INFINITY })
    for (const { id } of runs.slice(keepRuns)) this.#kept.delete(identity(flow, id))
  }

  async list({ flow, limit = 50, before }: FeedRunPage): Promise<readonly FeedRun[]> {
    const place = ({ startedAt, id }: Pick<FeedRun, 'startedAt' | 'id'>): string => `${startedAt} ${id}`
    return [...this.#kept.values()]
      .filter((run) => run.flow === flow && (before === undefined || place(run) < place(before)))
      .sort((a, b) => (place(a) < place(b) ? 1 : -1))
      .slice(0, limit)
      .map(({ keyColumns: _columns, reasons: _reasons, others: _others, ...run }) => run)
  }

  async get(flow: string, id: string): Promise<FeedReport | undefined> {
    return this.#kept.get(identity(flow, id))
  }
}

function identity(flow: string, id: string): string {
  return JSON.stringify([flow, id])
}
