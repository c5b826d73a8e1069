import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { FlowRun } from '../../client/wire/flow.js'
import type { Desk } from '../desk.js'
import { CheckpointsSchema, FlowRunSchema } from '../schemas/flow-schemas.js'
import { ConflictPageSchema } from '../schemas/letter-schemas.js'
import { FlowParam, PageQuerySchema } from '../schemas/page-schemas.js'
import { checkpointsOf, conflictsOf, runsOf } from '../stores/flow-state.js'
import { answers, flowOf } from './route-parts.js'

const tags = ['state']

const RunsSchema: z.ZodType<{ readonly items: readonly FlowRun[] }> = z
  .object({ items: z.array(FlowRunSchema) })
  .openapi('FlowRuns')

const runs = createRoute({
  method: 'get',
  path: '/api/v1/flows/{flow}/runs',
  tags,
  operationId: 'listRuns',
  summary: 'Processes that ran a flow',
  request: {
    params: FlowParam,
    query: z.object({ limit: z.coerce.number().int().min(1).max(200).default(20) }),
  },
  responses: answers('Newest start first; kept for 30 days.', RunsSchema),
})

const checkpoints = createRoute({
  method: 'get',
  path: '/api/v1/flows/{flow}/checkpoints',
  tags,
  operationId: 'listCheckpoints',
  summary: 'Saved positions of a flow',
  request: { params: FlowParam },
  responses: answers('By database and lane.', CheckpointsSchema),
})

const conflicts = createRoute({
  method: 'get',
  path: '/api/v1/flows/{flow}/conflicts',
  tags,
  operationId: 'listConflicts',
  summary: 'Rows that differed on the two sides of a sync, and what was done about it',
  request: { params: FlowParam, query: PageQuerySchema },
  responses: answers('Newest first.', ConflictPageSchema),
})

export function stateRoutes(app: OpenAPIHono, desk: Desk): void {
  app.openapi(runs, async (context) => {
    const { flow } = context.req.valid('param')
    flowOf(desk, flow)
    return context.json({ items: await runsOf(desk, flow, context.req.valid('query').limit) }, 200)
  })
  app.openapi(checkpoints, async (context) => {
    const { flow } = context.req.valid('param')
    flowOf(desk, flow)
    return context.json({ items: await checkpointsOf(desk, flow) }, 200)
  })
  app.openapi(conflicts, async (context) => {
    const { flow } = context.req.valid('param')
    flowOf(desk, flow)
    const { limit, cursor } = context.req.valid('query')
    return context.json(await conflictsOf(desk, flow, { limit, cursor }), 200)
  })
}
