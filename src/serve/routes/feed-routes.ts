import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { deadline } from '../../engine/deadline.js'
import type { Desk } from '../desk.js'
import { RequestError } from '../problem.js'
import { FeedDetailSchema, FeedPageSchema } from '../schemas/feed-schemas.js'
import { FlowParam, PageQuerySchema } from '../schemas/page-schemas.js'
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
}
