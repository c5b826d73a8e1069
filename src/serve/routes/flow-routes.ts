import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { FlowSeries } from '../../client/wire/flow.js'
import { EVENT_LEVELS } from '../../core/event-log.js'
import type { SeriesColumns } from '../../observe/board/series.js'
import type { Desk } from '../desk.js'
import { flowDetail, flowSummary } from '../flow-summary.js'
import {
  FlowConfigSchema,
  FlowDetailSchema,
  FlowHappeningsSchema,
  FlowListSchema,
  FlowSeriesSchema,
} from '../schemas/flow-schemas.js'
import { FlowParam, PageQuerySchema } from '../schemas/page-schemas.js'
import { flowEvents } from '../stores/flow-events.js'
import type { StoredCounts } from '../stores/stored-counts.js'
import { answers, flowOf } from './route-parts.js'

const tags = ['flows']

const list = createRoute({
  method: 'get',
  path: '/api/v1/flows',
  tags,
  operationId: 'listFlows',
  summary: 'All flows of the config and how they stand',
  responses: answers('In the order of the config.', FlowListSchema),
})

const one = createRoute({
  method: 'get',
  path: '/api/v1/flows/{flow}',
  tags,
  operationId: 'getFlow',
  summary: 'One flow with its lanes',
  request: { params: FlowParam },
  responses: answers('The flow.', FlowDetailSchema),
})

const series = createRoute({
  method: 'get',
  path: '/api/v1/flows/{flow}/series',
  tags,
  operationId: 'getSeries',
  summary: 'Throughput, lag and trouble over time',
  request: {
    params: FlowParam,
    query: z.object({
      step: z.enum(['1', '10']).default('10').openapi({ description: 'Seconds: 300 steps of 1, or 360 of 10.' }),
    }),
  },
  responses: answers('One column per figure, oldest step first.', FlowSeriesSchema),
})

const happenings = createRoute({
  method: 'get',
  path: '/api/v1/flows/{flow}/events',
  tags,
  operationId: 'listHappenings',
  summary: 'What happened in a flow',
  request: {
    params: FlowParam,
    query: PageQuerySchema.extend({
      level: z.enum(EVENT_LEVELS).optional().openapi({ description: 'Of this level and worse.' }),
      type: z.string().max(40).optional().openapi({ description: 'Only these: `failed`, `unavailable`, ...' }),
    }),
  },
  responses: answers(
    'Newest first: the last 200 of this process, and failures and changes of state as the event log keeps them.',
    FlowHappeningsSchema,
  ),
})

const config = createRoute({
  method: 'get',
  path: '/api/v1/flows/{flow}/config',
  tags,
  operationId: 'getConfig',
  summary: 'The options of a flow, without anything secret',
  request: { params: FlowParam },
  responses: answers('Objects that may hold secrets are named by their labels.', FlowConfigSchema),
})

export function flowRoutes(app: OpenAPIHono, desk: Desk, counts: StoredCounts): void {
  app.openapi(list, async (context) => {
    const names = [...desk.flows.keys()]
    const flows = await Promise.all(names.map(async (name) => flowSummary(desk, name, await counts.of(name))))
    return context.json({ flows }, 200)
  })
  app.openapi(one, async (context) => {
    const { flow } = context.req.valid('param')
    flowOf(desk, flow)
    return context.json(flowDetail(desk, flow, await counts.of(flow)), 200)
  })
  app.openapi(series, (context) => {
    const { flow } = context.req.valid('param')
    flowOf(desk, flow)
    const step = context.req.valid('query').step === '1' ? 1_000 : 10_000
    return context.json(seriesOf(desk.board.series(flow, step)), 200)
  })
  app.openapi(happenings, async (context) => {
    const { flow } = context.req.valid('param')
    flowOf(desk, flow)
    return context.json(await flowEvents(desk, flow, context.req.valid('query')), 200)
  })
  app.openapi(config, (context) => {
    const { flow: name } = context.req.valid('param')
    const flow = flowOf(desk, name)
    return context.json({ flow: name, kind: flow.kind, options: flow.describe?.() ?? {} }, 200)
  })
}

function seriesOf({ fromMs, ...columns }: SeriesColumns): FlowSeries {
  return { from: new Date(fromMs).toISOString(), ...columns }
}
