import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { problems } from './route-parts.js'

const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

const metrics = createRoute({
  method: 'get',
  path: '/metrics',
  tags: ['server'],
  operationId: 'metrics',
  summary: 'Metrics for Prometheus',
  responses: {
    200: { description: 'Text format 0.0.4.', content: { 'text/plain': { schema: z.string() } } },
    ...problems,
  },
})

export function metricsRoutes(app: OpenAPIHono, read: () => Promise<string>): void {
  app.openapi(metrics, async (context) => context.text(await read(), 200, { 'content-type': CONTENT_TYPE }))
}
