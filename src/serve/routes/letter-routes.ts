import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { Letter, LetterDetail } from '../../client/wire/letters.js'
import type { LetterFilter } from '../../core/dead-letter.js'
import { scrub } from '../../core/secret.js'
import type { Desk } from '../desk.js'
import { LetterDetailSchema, LetterPageSchema, LetterQuerySchema } from '../schemas/letter-schemas.js'
import { FlowParam } from '../schemas/page-schemas.js'
import { FlowLetters, type FoundLetter } from '../stores/flow-letters.js'
import { answers, problems } from './route-parts.js'

const tags = ['dead letters']
/** Of a payload that is shown; the whole is a download. */
const MAX_SHOWN = 65_536

const list = createRoute({
  method: 'get',
  path: '/api/v1/flows/{flow}/dead-letters',
  tags,
  operationId: 'listLetters',
  summary: 'Dead letters of a flow, without what is in them',
  request: { params: FlowParam, query: LetterQuerySchema },
  responses: answers('Oldest failure first.', LetterPageSchema),
})

const LetterParam = FlowParam.extend({
  id: z
    .string()
    .max(100)
    .openapi({ param: { name: 'id', in: 'path' }, description: 'As in the list.' }),
})

const one = createRoute({
  method: 'get',
  path: '/api/v1/flows/{flow}/dead-letters/{id}',
  tags,
  operationId: 'getLetter',
  summary: 'One dead letter with its payload as JSON text',
  request: { params: LetterParam },
  responses: answers('The letter, in whatever state.', LetterDetailSchema),
})

const payload = createRoute({
  method: 'get',
  path: '/api/v1/flows/{flow}/dead-letters/{id}/payload',
  tags,
  operationId: 'downloadPayload',
  summary: 'The bytes of a payload, as a download',
  request: { params: LetterParam },
  responses: {
    200: {
      description: 'The bytes; never shown by a browser.',
      content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
    },
    ...problems,
  },
})

export function letterRoutes(app: OpenAPIHono, desk: Desk): void {
  app.openapi(list, async (context) => {
    const { flow } = context.req.valid('param')
    const { limit, cursor, ...query } = context.req.valid('query')
    const { found, next } = await new FlowLetters(desk, flow).page(filterOf(query), limit, cursor)
    return context.json({ items: found.map(listed), next }, 200)
  })
  app.openapi(one, async (context) => {
    const { flow, id } = context.req.valid('param')
    return context.json(detailed(await new FlowLetters(desk, flow).one(id)), 200)
  })
  app.openapi(payload, async (context) => {
    const { flow, id } = context.req.valid('param')
    const { letter } = await new FlowLetters(desk, flow).one(id)
    context.header('content-type', 'application/octet-stream')
    context.header('content-disposition', `attachment; filename="${letter.id.replaceAll(/[^A-Za-z0-9_-]/g, '')}.bin"`)
    return context.body(new Uint8Array(Buffer.from(letter.payload, letter.encoding === 'base64' ? 'base64' : 'utf8')))
  })
}

function filterOf({
  code,
  stage,
  state,
  since,
  until,
}: Omit<z.output<typeof LetterQuerySchema>, 'limit' | 'cursor'>): LetterFilter {
  return {
    ...(code === undefined ? {} : { codes: code }),
    ...(stage === undefined ? {} : { stages: stage }),
    ...(state === undefined ? {} : { states: state }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  }
}

/** Field by field, so that nothing a letter may hold later on is shown by itself. */
function listed({ letter, store }: FoundLetter): Letter {
  const { flow, id, state, stage, code, itemKey, lane, position, attempts, firstAt, lastAt } = letter
  const reason = scrub(letter.reason)
  return {
    flow,
    id,
    store: store.label,
    state,
    stage,
    code,
    reason,
    itemKey,
    lane,
    position: position ?? null,
    attempts,
    firstAt,
    lastAt,
  }
}

function detailed(found: FoundLetter): LetterDetail {
  const { payload: text, encoding, headers, origin } = found.letter
  return {
    ...listed(found),
    payload: text.slice(0, MAX_SHOWN),
    encoding,
    payloadCharacters: text.length,
    headers,
    origin: origin ?? null,
  }
}
