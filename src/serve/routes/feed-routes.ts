import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { deadline } from '../../engine/deadline.js'
import type { Desk } from '../desk.js'
import { RequestError } from '../problem.js'
import { FeedDetailSchema, FeedPageSchema, FeedReportSchema, FeedRunPageSchema } from '../schemas/feed-schemas.js'
import { FlowParam, PageQuerySchema } from '../schemas/page-schemas.js'
import { feedReportOf, feedRunsOf } from '../stores/feed-run-reader.js'
import { answers, flowOf } from './route-parts.js'

const tags = ['feeds']

const list = createRoute({
  method: 'get',
  path: '/api/v1/flows/{flow}/feeds',
  tags,
  operationId: 'listFeeds',
  summary: 'Feeds that a flow has published',
  request: { params: FlowParam, query: PageQuerySchema },
  responses: answers('Newest first; those that are still in the store.', FeedPageSchema),
})

const one = createRoute({
  method: 'get',
  path: '/api/v1/flows/{flow}/feeds/{sequence}',
  tags,
  operationId: 'getFeed',
  summary: 'One published feed with its files',
  request: {
    params: FlowParam.extend({
      sequence: z.coerce
        .number()
        .int()
        .min(1)
        .max(Number.MAX_SAFE_INTEGER)
        .openapi({ param: { name: 'sequence', in: 'path' }, type: 'integer', description: 'Its number.' }),
    }),
  },
  responses: answers('What its manifest says.', FeedDetailSchema),
})

const runs = createRoute({
  method: 'get',
  path: '/api/v1/flows/{flow}/feed-runs',
  tags,
  operationId: 'listFeedRuns',
  summary: 'Runs of a feed, also those that published nothing',
  request: { params: FlowParam, query: PageQuerySchema },
  responses: answers('Newest first; those that are kept in the state database.', FeedRunPageSchema),
})

const report = createRoute({
  method: 'get',
  path: '/api/v1/flows/{flow}/feed-runs/{run}',
  tags,
  operationId: 'getFeedReport',
  summary: 'What a run of a feed rejected, and why',
  request: {
    params: FlowParam.extend({
      run: z
        .string()
        .regex(/^[0-9a-f]{16}$/)
        .openapi({
          param: { name: 'run', in: 'path' },
          description: 'As in the list, and as `run` of a published feed.',
        }),
    }),
  },
  responses: answers('Reasons, the most frequent first, with keys of the first rows of each.', FeedReportSchema),
})

/** Of reading manifests; a store may be far away. */
const DEADLINE_MS = 12_000

export function feedRoutes(app: OpenAPIHono, desk: Desk): void {
  const within = <Result>(flow: string, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> =>
    deadline({ what: `the store of flow ${flow}`, ms: DEADLINE_MS, signal: desk.abort }, work)
  app.openapi(list, async (context) => {
    const { flow } = context.req.valid('param')
    flowOf(desk, flow)
    const query = context.req.valid('query')
    return context.json(await within(flow, (signal) => desk.feeds.list(flow, query, signal)), 200)
  })
  app.openapi(one, async (context) => {
    const { flow, sequence } = context.req.valid('param')
    flowOf(desk, flow)
    const found = await within(flow, (signal) => desk.feeds.one(flow, sequence, signal))
    if (found === undefined) throw new RequestError(404, 'feed-unknown', 'there is no such published feed')
    return context.json(found, 200)
  })
  app.openapi(runs, async (context) => {
    const { flow } = context.req.valid('param')
    flowOf(desk, flow)
    return context.json(await feedRunsOf(desk, flow, context.req.valid('query')), 200)
  })
  app.openapi(report, async (context) => {
    const { flow, run } = context.req.valid('param')
    flowOf(desk, flow)
    const found = await feedReportOf(desk, flow, run)
    if (found === undefined) throw new RequestError(404, 'feed-run-unknown', 'no run of this id is kept')
    return context.json(found, 200)
  })
}
