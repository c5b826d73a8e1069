import { type LiveOptions, type ReceivedEvent, readEvents } from './live-events.js'
import { ProblemError, problemOf } from './problem-error.js'
import type { CheckFinding, CheckRun, RepairSql } from './wire/checks.js'
import type { Feed, FeedDetail, FeedReport, FeedRun } from './wire/feeds.js'
import type {
  AlertTest,
  Checkpoint,
  FlowConfig,
  FlowDetail,
  FlowHappening,
  FlowRun,
  FlowSeries,
  FlowSummary,
} from './wire/flow.js'
import type { ConflictEntry, Discard, Letter, LetterChoice, LetterDetail, LetterQuery, Replay } from './wire/letters.js'
import type { About, Page, Readiness } from './wire/server.js'

export interface ClientOptions {
  /** Where the server is. In a browser default the page's own. */
  readonly url?: string
  /** Sent as `Authorization: Bearer`; a function is asked each time. */
  readonly token?: string | (() => string | undefined)
  /** Default the global one. */
  readonly fetch?: typeof fetch
  /** Of one request, in ms. Default 20,000. */
  readonly timeoutMs?: number
}

export interface HappeningQuery extends PageQuery {
  /** Of this level and worse. */
  readonly level?: FlowHappening['level']
  /** `failed`, `unavailable`, ... */
  readonly type?: string
}

export interface RepairChoice {
  /** Of stored numbers left out. */
  readonly side?: RepairSql['side'] | undefined
  /** Also deletes rows that only this side has. Default `false`. */
  readonly delete?: boolean
}

export interface PageQuery {
  /** Default 50, at most 200. */
  readonly limit?: number
  /** `next` of the page before. */
  readonly cursor?: string | undefined
}

type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>

const TIMEOUT_MS = 20_000

/**
 * The API of `lockstep serve` and `lockstep run --serve`. Methods reject with a `ProblemError` for whatever is no success.
 * It runs in browsers and in Node, and imports nothing.
 */
export class LockstepClient {
  readonly #options: ClientOptions

  constructor(options: ClientOptions = {}) {
    this.#options = options
  }

  about(): Promise<About> {
    return this.#get('/api/v1/about')
  }

  async flows(): Promise<readonly FlowSummary[]> {
    return (await this.#get<{ flows: readonly FlowSummary[] }>('/api/v1/flows')).flows
  }

  flow(flow: string): Promise<FlowDetail> {
    return this.#get(of(flow))
  }

  /** `step` in seconds: 300 steps of 1, or 360 of 10. */
  series(flow: string, step: 1 | 10 = 10): Promise<FlowSeries> {
    return this.#get(of(flow, 'series'), { step })
  }

  /** Newest first. */
  happenings(flow: string, query: HappeningQuery = {}): Promise<Page<FlowHappening>> {
    return this.#get(of(flow, 'events'), { ...query })
  }

  config(flow: string): Promise<FlowConfig> {
    return this.#get(of(flow, 'config'))
  }

  async runs(flow: string, limit = 20): Promise<readonly FlowRun[]> {
    return (await this.#get<{ items: readonly FlowRun[] }>(of(flow, 'runs'), { limit })).items
  }

  async checkpoints(flow: string): Promise<readonly Checkpoint[]> {
    return (await this.#get<{ items: readonly Checkpoint[] }>(of(flow, 'checkpoints'))).items
  }

  conflicts(flow: string, page: PageQuery = {}): Promise<Page<ConflictEntry>> {
    return this.#get(of(flow, 'conflicts'), { ...page })
  }

  letters(flow: string, query: LetterQuery = {}): Promise<Page<Letter>> {
    return this.#get(of(flow, 'dead-letters'), { ...query })
  }

  letter(flow: string, id: string): Promise<LetterDetail> {
    return this.#get(of(flow, 'dead-letters', id))
  }

  /** The whole payload, as its bytes. */
  async payload(flow: string, id: string): Promise<Blob> {
    return (await this.#send(of(flow, 'dead-letters', id, 'payload'))).blob()
  }

  checks(flow: string, page: PageQuery = {}): Promise<Page<CheckRun>> {
    return this.#get(of(flow, 'checks'), { ...page })
  }

  check(flow: string, id: string): Promise<CheckRun> {
    return this.#get(of(flow, 'checks', id))
  }

  findings(flow: string, id: string, page: PageQuery & { readonly kind?: string } = {}): Promise<Page<CheckFinding>> {
    return this.#get(of(flow, 'checks', id, 'findings'), { ...page })
  }

  /** SQL for what a run found, from the rows as they are now; `side`: of two tables, the one that is changed. */
  repairSql(flow: string, id: string, choice: RepairChoice = {}): Promise<RepairSql> {
    return this.#get(of(flow, 'checks', id, 'repair'), { side: choice.side, delete: String(choice.delete ?? false) })
  }

  feeds(flow: string, page: PageQuery = {}): Promise<Page<Feed>> {
    return this.#get(of(flow, 'feeds'), { ...page })
  }

  feed(flow: string, sequence: number): Promise<FeedDetail> {
    return this.#get(of(flow, 'feeds', String(sequence)))
  }

  /** Those that are kept, also of runs that published nothing. */
  feedRuns(flow: string, page: PageQuery = {}): Promise<Page<FeedRun>> {
    return this.#get(of(flow, 'feed-runs'), { ...page })
  }

  /** `run`: `FeedRun.id`, or `FeedDetail.run`. Rejects with 404 when it is not kept (any more). */
  feedReport(flow: string, run: string): Promise<FeedReport> {
    return this.#get(of(flow, 'feed-runs', run))
  }

  /** Also when it is not ready. */
  async ready(): Promise<Readiness> {
    const answer = await this.#fetch('/readyz', {})
    if (answer.status !== 200 && answer.status !== 503) throw await problemOf(answer)
    return JSON.parse(await answer.text())
  }

  pause(flow: string): Promise<FlowSummary> {
    return this.#post(of(flow, 'pause'), {})
  }

  resume(flow: string): Promise<FlowSummary> {
    return this.#post(of(flow, 'resume'), {})
  }

  /** Runs a flow with a schedule now. */
  run(flow: string): Promise<FlowSummary> {
    return this.#post(of(flow, 'run'), {})
  }

  /** `confirm`: the name of the flow, again. */
  resetCheckpoints(flow: string, confirm: string): Promise<{ readonly lanes: number }> {
    return this.#post(of(flow, 'checkpoints', 'reset'), { confirm })
  }

  /** Sends a message that says it is a test to wherever the alerts of the flow go. */
  testAlert(flow: string): Promise<AlertTest> {
    return this.#post(of(flow, 'alerts', 'test'), {})
  }

  replay(flow: string, choice: LetterChoice): Promise<Replay> {
    return this.#post(of(flow, 'dead-letters', 'replay'), choice)
  }

  discard(flow: string, choice: LetterChoice): Promise<Discard> {
    return this.#post(of(flow, 'dead-letters', 'discard'), choice)
  }

  /** Live updates until the connection ends; then call it again with the last `id`. */
  events({ signal, lastEventId }: LiveOptions = {}): AsyncGenerator<ReceivedEvent> {
    const open = (headers: Record<string, string>): Promise<Response> =>
      this.#fetch('/api/v1/events', { headers, ...(signal === undefined ? {} : { signal }) })
    return readEvents(open, lastEventId)
  }

  async #get<Answer>(path: string, query: Query = {}): Promise<Answer> {
    const answer = await this.#send(`${path}${textOf(query)}`)
    // The server's answers are of these types: its tests hold them to the schemas, and the compiler the schemas to the types.
    return JSON.parse(await answer.text())
  }

  async #post<Answer>(path: string, body: unknown): Promise<Answer> {
    const headers = { 'content-type': 'application/json' }
    const answer = await this.#send(path, { method: 'POST', headers, body: JSON.stringify(body) })
    return JSON.parse(await answer.text())
  }

  async #send(path: string, init: RequestInit = {}): Promise<Response> {
    const signal = AbortSignal.timeout(this.#options.timeoutMs ?? TIMEOUT_MS)
    const answer = await this.#fetch(path, { ...init, signal })
    if (!answer.ok) throw await problemOf(answer)
    return answer
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const { url = '', token, fetch: given = globalThis.fetch } = this.#options
    const headers = new Headers(init.headers)
    const own = typeof token === 'function' ? token() : token
    if (own !== undefined) headers.set('authorization', `Bearer ${own}`)
    try {
      return await given(`${url.replace(/\/$/, '')}${path}`, { ...init, headers })
    } catch (cause) {
      if (init.signal?.aborted && init.signal.reason?.name === 'AbortError') throw cause
      throw new ProblemError({ status: 0, code: 'no-answer', detail: 'the server does not answer', fix: undefined })
    }
  }
}

function of(flow: string, ...parts: readonly string[]): string {
  return `/api/v1/flows/${[flow, ...parts].map(encodeURIComponent).join('/')}`
}

/** Lists with commas, as the server takes them. */
function textOf(query: Query): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value))
  const text = search.toString()
  return text === '' ? '' : `?${text}`
}
