import * as fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { request, subject, toyFlow } from './subject.js'

const Parameter = z.object({
  name: z.string(),
  in: z.enum(['path', 'query', 'header']),
  required: z.boolean().optional(),
  schema: z.record(z.string(), z.unknown()),
})
const Content = z.record(z.string(), z.object({ schema: z.record(z.string(), z.unknown()).optional() }))
const Operation = z.object({
  operationId: z.string(),
  summary: z.string(),
  parameters: z.array(Parameter).default([]),
  requestBody: z.object({ content: Content }).optional(),
  responses: z.record(z.string(), z.object({ description: z.string(), content: Content.optional() })),
})
const Document = z.object({
  openapi: z.literal('3.1.0'),
  paths: z.record(z.string(), z.object({ get: Operation.optional(), post: Operation.optional() })),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
})

interface Documented extends z.output<typeof Operation> {
  readonly path: string
  readonly method: 'get' | 'post'
}

async function subjectWithTrouble() {
  const checked = toyFlow(async ({ observer, name }) => {
    observer({ flow: name, type: 'verdict', verdict: 'different', detail: 'two rows', figures: { changed: 2 } })
  })
  const api = subject({ flows: { checked } })
  api.refused.add('bad')
  api.stream.append({ json: { id: 'bad', price: 1 } }, { json: { id: 'good', price: 2 } }, { body: 'no json' })
  await vi.waitFor(() => expect(api.database.rows('quotes')).toHaveLength(1))
  await api.database.state.conflicts.record([
    { flow: 'quotes', table: 't', key: ['1'], incoming: ['1', null], existing: ['1', 'x'], decision: 'kept-both' },
  ])
  return api
}

/** Schemas refer to one another by their place in the document. */
function validator(schemas: Readonly<Record<string, unknown>>): (schema: unknown) => z.ZodType {
  const made = new Map<string, z.ZodType>()
  const inPlace = (schema: unknown): string =>
    JSON.stringify({ ...Object(schema), $defs: schemas }).replaceAll('#/components/schemas/', '#/$defs/')
  return (schema) => {
    const text = inPlace(schema)
    const known = made.get(text) ?? z.fromJSONSchema(JSON.parse(text))
    made.set(text, known)
    return known
  }
}

/** Sensible and senseless values of a parameter. */
function valuesOf(name: string, schema: Readonly<Record<string, unknown>>): fc.Arbitrary<string | undefined> {
  const listed = schema['enum']
  const known = Array.isArray(listed) ? listed.map(String) : []
  const likely = { flow: ['quotes', 'checked'], limit: ['1', '7'], kind: ['changed'], sequence: ['1'] }[name] ?? []
  return fc.oneof(
    { arbitrary: fc.constantFrom(...known, ...likely, 'quotes'), weight: 4 },
    { arbitrary: fc.constant(undefined), weight: 3 },
    fc.integer({ min: -5, max: 300 }).map(String),
    fc.string({ maxLength: 30 }),
    fc.constantFrom('../..', '%00', "'; drop table t", '__proto__', 'dead,held', 'decode', '2026-01-01T00:00:00Z'),
  )
}

const bodies = fc.oneof(
  {
    arbitrary: fc.constantFrom({}, { all: true }, { confirm: 'quotes' }, { ids: ['x'] }, { code: ['json-invalid'] }),
    weight: 4,
  },
  fc.record(
    { ids: fc.array(fc.string(), { maxLength: 3 }), stage: fc.array(fc.string(), { maxLength: 2 }) },
    { requiredKeys: [] },
  ),
  fc.jsonValue({ maxDepth: 2 }),
)

describe('the OpenAPI document', () => {
  it('describes every operation, each with an id of its own', async () => {
    await using api = await subjectWithTrouble()
    const operations = operationsOf(await api.json('/openapi.json'))
    expect(operations.length).toBeGreaterThan(20)
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
    for (const { method, requestBody } of operations) expect(requestBody !== undefined).toBe(method === 'post')
  })

  it('holds for every answer, whatever is asked, and nothing is ever unexpected', { timeout: 120_000 }, async () => {
    await using api = await subjectWithTrouble()
    const document = Document.parse(await api.json('/openapi.json'))
    const schemaOf = validator(document.components.schemas)
    // The stream does not end; it has a test of its own.
    const operations = operationsOf(document).filter(({ operationId }) => operationId !== 'streamEvents')
    const succeeded = new Set<string>()
    const requests = fc
      .constantFrom(...operations)
      .chain((operation) => fc.tuple(fc.constant(operation), inputsOf(operation), bodies))
    const ask = async ([operation, inputs, body]: [
      Documented,
      readonly (string | undefined)[],
      unknown,
    ]): Promise<void> => {
      const answer = await api.app.fetch(requestOf(operation, inputs, body))
      const documented = operation.responses[String(answer.status)]
      expect(documented, `${operation.operationId} answers ${answer.status}`).toBeDefined()
      const type = (answer.headers.get('content-type') ?? '').split(';')[0] ?? ''
      const content = documented?.content?.[type]
      expect(content, `${operation.operationId} answers ${type}`).toBeDefined()
      if (answer.status < 300) succeeded.add(operation.operationId)
      const text = await answer.text()
      if (type.endsWith('json')) expect(schemaOf(content?.schema).parse(JSON.parse(text))).toBeDefined()
      expect(api.unexpected).toEqual([])
    }
    await fc.assert(fc.asyncProperty(requests, ask), { numRuns: 400 })
    // With sensible inputs alone, so that each is known to answer.
    for (const operation of operations) {
      const inputs = operation.parameters.map(({ name, in: place }) => (place === 'path' ? LIKELY[name] : undefined))
      await ask([operation, inputs, operation.operationId === 'resetCheckpoints' ? { confirm: 'quotes' } : {}])
    }
    const answered = ['listFlows', 'getFlow', 'getSeries', 'listHappenings', 'getConfig', 'listRuns', 'listCheckpoints']
    const more = ['listConflicts', 'listLetters', 'listChecks', 'listFeeds', 'about', 'alive', 'metrics']
    expect([...answered, ...more].filter((id) => !succeeded.has(id))).toEqual([])
  })
})

const LIKELY: Readonly<Record<string, string>> = { flow: 'quotes', id: 'none', sequence: '1' }

function operationsOf(document: unknown): readonly Documented[] {
  return Object.entries(Document.parse(document).paths).flatMap(([path, methods]) =>
    (['get', 'post'] as const).flatMap((method) => {
      const operation = methods[method]
      return operation === undefined ? [] : [{ ...operation, path, method }]
    }),
  )
}

function inputsOf({ parameters }: Documented): fc.Arbitrary<readonly (string | undefined)[]> {
  return fc.tuple(...parameters.map(({ name, schema }) => valuesOf(name, schema)))
}

function requestOf(
  { path, method, parameters }: Documented,
  inputs: readonly (string | undefined)[],
  body: unknown,
): Request {
  let address = path
  const query = new URLSearchParams()
  for (const [index, { name, in: place }] of parameters.entries()) {
    const value = inputs[index]
    // Dots alone would be another address.
    if (place === 'path')
      address = address.replace(`{${name}}`, encodeURIComponent(value ?? 'none').replaceAll('.', '%2E') || 'none')
    else if (value !== undefined && place === 'query') query.append(name, value)
  }
  const init = { method: method.toUpperCase(), headers: { 'content-type': 'application/json' } }
  return request(`${address}?${query}`, method === 'post' ? { ...init, body: JSON.stringify(body) } : { method: 'GET' })
}
