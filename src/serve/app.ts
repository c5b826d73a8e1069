import { OpenAPIHono } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import { requestId } from 'hono/request-id'
import type { Desk } from './desk.js'
import { docsRoutes } from './docs/docs-routes.js'
import { LiveFeed } from './live/live-feed.js'
import { openApiInfo } from './open-api.js'
import { answerProblem, isUnexpected, RequestError } from './problem.js'
import { type RequestLog, requestLog } from './request-log.js'
import { actionRoutes } from './routes/action-routes.js'
import { alertRoutes } from './routes/alert-routes.js'
import { checkRoutes } from './routes/check-routes.js'
import { feedRoutes } from './routes/feed-routes.js'
import { flowRoutes } from './routes/flow-routes.js'
import { letterRoutes } from './routes/letter-routes.js'
import { liveRoutes } from './routes/live-routes.js'
import { metricsRoutes } from './routes/metrics-routes.js'
import { openRoutes, serverRoutes } from './routes/server-routes.js'
import { stateRoutes } from './routes/state-routes.js'
import type { Access } from './security/access.js'
import { bodyGuard, changeGuard, hostGuard, safeHeaders, tokenGuard } from './security/guards.js'
import { staticFiles } from './static-files.js'
import { StoredCounts } from './stores/stored-counts.js'

export interface AppOptions {
  readonly access: Access
  /** The metrics in the text format of Prometheus. */
  metrics(): Promise<string>
  /** Told of what nobody expected; the answer says nothing of it but the id of its request. */
  unexpected(error: unknown, requestId: string): void
  /** Told of every other request; left out: nobody is. */
  readonly log?: RequestLog
  /** Folder of the dashboard's files; left out: there is none. */
  readonly web?: string
  /** Ends the connection of a request at once; left out: there is none. */
  hangUp?(request: Request): void
}

export interface App extends Disposable {
  fetch(request: Request): Response | Promise<Response>
  /** The OpenAPI 3.1 document. */
  document(): object
}

/** Longer ids, and such with other characters than letters, digits, `_`, `-` and `=`, are replaced. */
const MAX_REQUEST_ID = 100

/** The API as a function from request to answer; it opens no port. */
export function createApp(desk: Desk, options: AppOptions): App {
  const app = new OpenAPIHono({
    defaultHook: (result) => {
      if (!result.success) throw invalidRequest(result.error.issues)
    },
  })
  app.onError((error, context) => {
    if (isUnexpected(error)) options.unexpected(error, context.get('requestId'))
    return answerProblem(context, error)
  })
  app.notFound((context) =>
    answerProblem(context, new RequestError(404, 'not-found', 'there is nothing at this address', 'see /docs')),
  )
  const feed = routes(app, desk, options)
  return {
    fetch: (request) => app.fetch(request),
    document: () => app.getOpenAPI31Document(openApiInfo(desk.version)),
    [Symbol.dispose]: () => feed.close(),
  }
}

function routes(app: OpenAPIHono, desk: Desk, options: AppOptions): LiveFeed {
  const { access, metrics, web, log } = options
  const counts = new StoredCounts(desk)
  const feed = new LiveFeed(desk, counts)
  app.use(requestId({ limitLength: MAX_REQUEST_ID }))
  if (log !== undefined) app.use(requestLog(log))
  app.use(safeHeaders(), hostGuard(access))
  openRoutes(app, desk, access)
  const changes = changeGuard(desk.readOnly)
  const guarded: MiddlewareHandler = (context, next) =>
    context.req.method === 'GET' || context.req.method === 'HEAD' ? next() : changes(context, next)
  for (const path of ['/api/*', '/metrics']) app.use(path, tokenGuard(access), guarded, bodyGuard())
  serverRoutes(app, desk)
  flowRoutes(app, desk, counts)
  stateRoutes(app, desk)
  letterRoutes(app, desk)
  checkRoutes(app, desk)
  feedRoutes(app, desk)
  actionRoutes(app, desk, counts)
  alertRoutes(app, desk)
  liveRoutes(app, feed, (request) => options.hangUp?.(request))
  metricsRoutes(app, metrics)
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' })
  app.get('/openapi.json', (context) => context.json(app.getOpenAPI31Document(openApiInfo(desk.version))))
  docsRoutes(app)
  if (web !== undefined) app.get('*', staticFiles(web))
  return feed
}

/** Which part is wrong, and never what was in it. */
function invalidRequest(
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): RequestError {
  const [first] = issues
  const where = first?.path.map(String).join('.') ?? ''
  const detail = `${where === '' ? 'the request' : where}: ${first?.message ?? 'is not valid'}`
  return new RequestError(400, 'request-invalid', detail, 'see /docs')
}
