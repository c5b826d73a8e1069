import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { LiveFeed } from '../live/live-feed.js'
import { RequestError } from '../problem.js'
import { problems } from './route-parts.js'

const events = createRoute({
  method: 'get',
  path: '/api/v1/events',
  tags: ['live'],
  operationId: 'streamEvents',
  summary: 'Live updates as server-sent events',
  description:
    'Events `flows` (every second, `{ flows: FlowSummary[] }`), `happening` (`{ happening: FlowHappening }`) and `reset`: ' +
    'what was missed cannot be told, read everything again. A client that leaves 1 MiB unread is dropped.',
  request: {
    headers: z.object({
      'last-event-id': z
        .string()
        .max(100)
        .optional()
        .openapi({ description: 'Of the last event that was seen: happenings after it are told first.' }),
    }),
  },
  responses: {
    200: { description: 'It does not end.', content: { 'text/event-stream': { schema: z.string() } } },
    ...problems,
  },
})

/** `hangUp` ends the connection of a request. */
export function liveRoutes(app: OpenAPIHono, feed: LiveFeed, hangUp: (request: Request) => void): void {
  app.openapi(events, (context) => {
    const stream = feed.open(context.req.valid('header')['last-event-id'], () => hangUp(context.req.raw))
    if (stream === undefined) throw new RequestError(503, 'too-many-clients', 'too many clients listen already')
    context.header('content-type', 'text/event-stream; charset=utf-8')
    // Of nginx: it would gather events.
    context.header('x-accel-buffering', 'no')
    return context.body(stream)
  })
}
