import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { Desk } from '../desk.js'
import { RequestError } from '../problem.js'
import {
  CheckFindingPageSchema,
  CheckRunPageSchema,
  CheckRunSchema,
  RepairSqlSchema,
} from '../schemas/check-schemas.js'
import { FlowParam, PageQuerySchema } from '../schemas/page-schemas.js'
import { checkRunOf, checkRunsOf, findingsOf } from '../stores/check-reader.js'
import { RepairReader } from '../stores/repair-reader.js'
import { answers, flowOf } from './route-parts.js'

const tags = ['checks']

const RunParam = FlowParam.extend({
  id: z
    .string()
    .max(100)
    .openapi({ param: { name: 'id', in: 'path' }, description: 'As in the list.' }),
})

const list = createRoute({
  method: 'get',
  path: '/api/v1/flows/{flow}/checks',
  tags,
  operationId: 'listChecks',
  summary: 'Runs of a check',
  request: { params: FlowParam, query: PageQuerySchema },
  responses: answers('Newest first.', CheckRunPageSchema),
})

const one = createRoute({
  method: 'get',
  path: '/api/v1/flows/{flow}/checks/{id}',
  tags,
  operationId: 'getCheck',
  summary: 'One run of a check',
  request: { params: RunParam },
  responses: answers('The run.', CheckRunSchema),
})

const findings = createRoute({
  method: 'get',
  path: '/api/v1/flows/{flow}/checks/{id}/findings',
  tags,
  operationId: 'listFindings',
  summary: 'What a run of a check found',
  request: {
    params: RunParam,
    query: PageQuerySchema.extend({
      kind: z.string().max(40).optional().openapi({ description: 'Only this kind, e.g. `changed` or `orphan`.' }),
    }),
  },
  responses: answers('In the order in which they were found.', CheckFindingPageSchema),
})

const repair = createRoute({
  method: 'get',
  path: '/api/v1/flows/{flow}/checks/{id}/repair',
  tags,
  operationId: 'getRepairSql',
  summary: 'SQL that sets right what a run of a check found, from the rows as they are now; runs none of it',
  request: {
    params: RunParam,
    query: z.object({
      side: z
        .enum(['left', 'right', 'stored'])
        .optional()
        .openapi({ description: 'Of two tables: the one that is changed. Of stored numbers `stored`, or left out.' }),
      delete: z
        .enum(['true', 'false'])
        .default('false')
        .openapi({ description: 'Also deletes rows that only this side has.' }),
    }),
  },
  responses: answers('Of the first 1,000 findings, and at most about 1 MiB.', RepairSqlSchema),
})

export function checkRoutes(app: OpenAPIHono, desk: Desk): void {
  app.openapi(list, async (context) => {
    const { flow } = context.req.valid('param')
    flowOf(desk, flow)
    return context.json(await checkRunsOf(desk, flow, context.req.valid('query')), 200)
  })
  app.openapi(one, async (context) => {
    const { flow, id } = context.req.valid('param')
    flowOf(desk, flow)
    const found = await checkRunOf(desk, flow, id)
    if (found === undefined) throw unknownRun()
    return context.json(found, 200)
  })
  app.openapi(findings, async (context) => {
    const { flow, id } = context.req.valid('param')
    flowOf(desk, flow)
    const page = await findingsOf(desk, { flow, id }, context.req.valid('query'))
    if (page === undefined) throw unknownRun()
    return context.json(page, 200)
  })
  const repairs = new RepairReader(desk)
  app.openapi(repair, async (context) => {
    const { side, delete: deletes } = context.req.valid('query')
    const sql = await repairs.sql(context.req.valid('param'), { side, delete: deletes === 'true' })
    if (sql === undefined) throw unknownRun()
    return context.json(sql, 200)
  })
}

function unknownRun(): RequestError {
  return new RequestError(404, 'check-unknown', 'there is no such run of this check; old ones are forgotten')
}
