import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { Desk } from '../desk.js'
import { ReadinessProbe } from '../readiness.js'
import { AboutSchema, ReadinessSchema } from '../schemas/server-schemas.js'
import { type Access, isToken } from '../security/access.js'
import { answers } from './route-parts.js'

const tags = ['server']

const about = createRoute({
  method: 'get',
  path: '/api/v1/about',
  tags,
  operationId: 'about',
  summary: 'What this server is and may do',
  responses: answers('The server.', AboutSchema),
})

const healthz = createRoute({
  method: 'get',
  path: '/healthz',
  tags,
  operationId: 'alive',
  summary: 'The process is alive; needs no token',
  security: [],
  responses: { 200: { description: 'It is.', content: { 'text/plain': { schema: z.string() } } } },
})

const readyz = createRoute({
  method: 'get',
  path: '/readyz',
  tags,
  operationId: 'ready',
  summary: 'Every database and broker can be reached and no flow has failed; needs no token',
  security: [],
  responses: {
    200: { description: 'All is well.', content: { 'application/json': { schema: ReadinessSchema } } },
    503: {
      description: 'What is not; told only to who has the token.',
      content: { 'application/json': { schema: ReadinessSchema } },
    },
  },
})

/** Without a token, as those who ask for health have none. */
export function openRoutes(app: OpenAPIHono, desk: Desk, { token }: Access): void {
  const probe = new ReadinessProbe(desk)
  app.openapi(healthz, (context) => context.text('alive\n', 200))
  app.openapi(readyz, async (context) => {
    const { ready, problems } = await probe.ask()
    const knows = token === undefined || isToken(context.req.header('authorization'), token)
    return context.json({ ready, problems: knows ? problems : [] }, ready ? 200 : 503)
  })
}

export function serverRoutes(app: OpenAPIHono, desk: Desk): void {
  const { version, mode, readOnly, startedAt } = desk
  app.openapi(about, (context) => {
    const now = new Date().toISOString()
    return context.json({ name: 'lockstep' as const, version, mode, readOnly, startedAt, now }, 200)
  })
}
