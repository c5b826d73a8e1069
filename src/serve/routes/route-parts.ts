import { z } from '@hono/zod-openapi'
import type { Flow } from '../../core/flow.js'
import type { Desk } from '../desk.js'
import { RequestError } from '../problem.js'
import { ProblemSchema } from '../schemas/server-schemas.js'

/** The answer of a route, and beside it what every route may answer. */
export function answers<Schema extends z.ZodType>(description: string, schema: Schema) {
  return {
    200: { description, content: { 'application/json': { schema } } },
    ...problems,
  } as const
}

const problemContent = { 'application/problem+json': { schema: ProblemSchema } } as const

export const problems = {
  400: { description: 'The request is not valid.', content: problemContent },
  401: { description: 'A token is needed, or another one.', content: problemContent },
  403: { description: 'Host, origin or server do not allow it.', content: problemContent },
  404: { description: 'There is no such thing.', content: problemContent },
  409: { description: 'Not possible now.', content: problemContent },
  422: { description: 'It was understood and cannot be done; `fix` says what to do.', content: problemContent },
  503: { description: 'A database, store or broker cannot be reached.', content: problemContent },
} as const

/** Of a POST that needs nothing said. */
export const NoBody = z.strictObject({}).openapi('NoOptions')

export function body<Schema extends z.ZodType>(schema: Schema) {
  return { required: true, content: { 'application/json': { schema } } } as const
}

/** The answer of a POST, and beside it what every POST may answer. */
export function changes<Schema extends z.ZodType>(description: string, schema: Schema) {
  return {
    200: { description, content: { 'application/json': { schema } } },
    ...problems,
    413: { description: 'The body is too large.', content: problemContent },
    415: { description: 'The body is not application/json.', content: problemContent },
  } as const
}

export function flowOf(desk: Desk, name: string): Flow {
  const flow = desk.flows.get(name)
  if (flow !== undefined) return flow
  throw new RequestError(404, 'flow-unknown', 'there is no flow of this name in the config')
}
