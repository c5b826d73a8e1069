import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import { scrub } from '../../core/secret.js'
import { sendTestAlert, type TestResult } from '../../observe/alerts/test-alert.js'
import type { Desk } from '../desk.js'
import { RequestError } from '../problem.js'
import { AlertTestSchema } from '../schemas/flow-schemas.js'
import { FlowParam } from '../schemas/page-schemas.js'
import { body, changes, flowOf, NoBody } from './route-parts.js'

/** Whoever asks waits for it, so it is tried once. */
const ATTEMPT_MS = 12_000

const test = createRoute({
  method: 'post',
  path: '/api/v1/flows/{flow}/alerts/test',
  tags: ['actions'],
  operationId: 'testAlert',
  summary: 'Sends a message that says it is a test to wherever the alerts of a flow go',
  request: { params: FlowParam, body: body(NoBody) },
  responses: changes('What came back from each place; one try each.', AlertTestSchema),
})

export function alertRoutes(app: OpenAPIHono, desk: Desk): void {
  const testing = new Set<string>()
  app.openapi(test, async (context) => {
    const { flow: name } = context.req.valid('param')
    const flow = flowOf(desk, name)
    if (testing.has(name)) throw new RequestError(409, 'alert-test-running', 'a test of these alerts is under way')
    testing.add(name)
    try {
      const patience = { signal: desk.drain, attempts: 1, attemptMs: ATTEMPT_MS }
      const results = await sendTestAlert(desk.alerts, [{ name, flow }], patience)
      if (results.length === 0) throw nowhere()
      return context.json({ results: results.map(resultOf) }, 200)
    } finally {
      testing.delete(name)
    }
  })
}

function resultOf({ place, arrived, answer, fix }: TestResult) {
  return { place, arrived, answer: scrub(answer), fix: fix === undefined ? null : scrub(fix) }
}

function nowhere(): RequestError {
  const fix = "name a place in the config: alerts: { to: webhook(env('ALERT_URL')) }"
  return new RequestError(409, 'alert-without-place', 'alerts of this flow go nowhere', fix)
}
