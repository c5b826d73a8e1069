import { type Config, type Flow, ingest } from 'lockstep'
import { memoryDatabase, memoryStream } from 'lockstep/memory'
import { z } from 'zod'
import { Runner } from '../../src/cli/run/runner.js'
import { openDesk } from '../../src/cli/serve/open-desk.js'
import type { FlowEvent } from '../../src/core/observer.js'
import { Secret } from '../../src/core/secret.js'
import { shutdown } from '../../src/engine/shutdown.js'
import { FlowBoard } from '../../src/observe/board/flow-board.js'
import { FlowMetrics } from '../../src/observe/metrics.js'
import { type App, createApp } from '../../src/serve/app.js'
import type { Desk } from '../../src/serve/desk.js'
import type { RequestLine } from '../../src/serve/request-log.js'
import type { Access } from '../../src/serve/security/access.js'

export interface SubjectOptions {
  readonly access?: Partial<Access>
  readonly readOnly?: boolean
  readonly flows?: Readonly<Record<string, Flow>>
  readonly state?: Config['state']
  readonly alerts?: Config['alerts']
  readonly web?: string
}

const Quote = z.object({ id: z.string(), price: z.number() })

/** A running `ingest` in memory, and the API over it, without a port. Disposing stops both. */
export function subject(options: SubjectOptions = {}) {
  const refused = new Set<string>()
  const database = memoryDatabase({
    tables: [
      {
        name: 'quotes',
        key: ['id'],
        refuse: ({ id }) => (typeof id === 'string' && refused.has(id) ? 'check-violation' : undefined),
      },
    ],
  })
  const stream = memoryStream()
  const quotes = ingest({
    from: stream,
    schema: Quote,
    into: database.table('quotes'),
    map: (quote) => quote,
    stopAbove: 1,
  })
  const config: Config = {
    flows: { quotes, ...options.flows },
    serve: { readOnly: options.readOnly ?? false },
    ...(options.state === undefined ? {} : { state: options.state }),
    ...(options.alerts === undefined ? {} : { alerts: options.alerts }),
  }
  const flows = Object.entries(config.flows).map(([name, flow]) => ({ name, flow }))
  const stop = shutdown()
  const board = new FlowBoard()
  const signals = { shutdown: stop, overdue: new Promise<void>(() => {}), [Symbol.dispose]: () => {} }
  const runner = new Runner(flows, {
    observer: (event) => observer(event),
    signals,
    untilCaughtUp: false,
    once: false,
    stays: true,
    stateOf: () => undefined,
  })
  const { drain, abort } = stop
  const told: FlowEvent[] = []
  const observer = (event: FlowEvent): void => {
    told.push(event)
    board.observer(event)
  }
  const desk = openDesk(config, flows, { board, observer, control: runner, drain, abort })
  const app = appOf(desk, options)
  const running = runner.run()
  return {
    database,
    stream,
    /** Ids that the table refuses. */
    refused,
    board,
    runner,
    desk,
    app,
    unexpected: app.unexpected,
    requests: app.requests,
    /** Everything that flows and replays have told. */
    told,
    get: (path: string, init?: RequestInit) => app.fetch(request(path, init)),
    post: (path: string, body: unknown = {}, init?: RequestInit) => app.fetch(posted(path, body, init)),
    async json(path: string): Promise<unknown> {
      return (await app.fetch(request(path))).json()
    },
    async [Symbol.asyncDispose]() {
      app[Symbol.dispose]()
      stop.request()
      await running
    },
  }
}

interface Told {
  readonly unexpected: unknown[]
  /** Lines of the log about requests. */
  readonly requests: RequestLine[]
}

export function appOf(desk: Desk, { access, web }: SubjectOptions = {}): App & Told {
  const unexpected: unknown[] = []
  const requests: RequestLine[] = []
  const metrics = new FlowMetrics({
    version: desk.version,
    flows: [...desk.flows].map(([name, { kind }]) => ({ name, kind })),
    board: desk.board,
    stored: () => null,
    stale: () => false,
    connections: () => new Map(),
  })
  const app = createApp(desk, {
    access: { host: '127.0.0.1', port: 0, token: undefined, names: [], ...access },
    metrics: () => metrics.text(),
    unexpected: (error) => unexpected.push(error),
    log: (line) => requests.push(line),
    ...(web === undefined ? {} : { web }),
  })
  return { ...app, [Symbol.dispose]: () => app[Symbol.dispose](), unexpected, requests }
}

export function request(path: string, init: RequestInit = {}): Request {
  const headers = new Headers(init.headers)
  if (!headers.has('host')) headers.set('host', '127.0.0.1:4680')
  return new Request(`http://127.0.0.1:4680${path}`, { ...init, headers })
}

export function posted(path: string, body: unknown, init: RequestInit = {}): Request {
  const headers = new Headers(init.headers)
  if (!headers.has('content-type')) headers.set('content-type', 'application/json')
  return request(path, { ...init, method: 'POST', headers, body: JSON.stringify(body) })
}

export const TOKEN = 'a-token-of-sufficient-length'
export const token = new Secret(TOKEN)

/** A flow that does what the test says, and nothing else. */
export function toyFlow(run: Flow['run'], rest: Partial<Flow> = {}): Flow {
  return { kind: 'check', databases: [], run, diagnose: async () => [], grants: async () => [], ...rest }
}
