import * as fc from 'fast-check'
import { memoryDatabase } from 'lockstep/memory'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import type { CheckReport } from '../../src/core/check-report.js'
import type { CheckStore } from '../../src/core/check-store.js'
import type { FeedReport } from '../../src/core/feed-run.js'
import type { Flow } from '../../src/core/flow.js'
import type { ObjectStore } from '../../src/core/object-store.js'
import { formatManifest, type Manifest } from '../../src/flows/feed/manifest.js'
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
  tags: z.array(z.string()).default([]),
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

/** A check with a run of findings of every kind, a feed with two publications, letters, and a conflict. */
async function subjectWithTrouble() {
  const state = memoryDatabase({ tables: [] })
  await keepRun(state.state.checks)
  await state.state.feeds.save(FEED_REPORT, 10)
  const api = subject({ flows: { checked: checkedFlow(), listing: listedFlow() }, state })
  api.refused.add('bad')
  api.stream.append({ json: { id: 'bad', price: 1 } }, { json: { id: 'good', price: 2 } }, { body: 'no json' })
  await vi.waitFor(() => expect(api.database.rows('quotes')).toHaveLength(1))
  await vi.waitFor(async () =>
    expect(await api.json('/api/v1/flows/quotes/dead-letters')).toMatchObject({ items: { length: 2 } }),
  )
  await api.database.state.conflicts.record([
    { flow: 'quotes', table: 't', key: ['1'], incoming: ['1', null], existing: ['1', 'x'], decision: 'kept-both' },
  ])
  return api
}

const RUN = 'run-of-test'

function checkedFlow(): Flow {
  const repair = {
    mode: 'sql',
    table: 'b t',
    planned: 1,
    repaired: 0,
    changedMeanwhile: 1,
    failed: [],
    applied: false,
  } as const
  return toyFlow(
    async ({ observer, name }) => {
      observer({ flow: name, type: 'verdict', verdict: 'different', detail: 'two rows', figures: { changed: 2 } })
    },
    {
      repairSql: async ({ findings, write }) => {
        write(`update t set v = 'a' where id = 1;`)
        return { ...repair, left: [{ reason: 'some', count: 1 }], considered: findings.length }
      },
    },
  )
}

async function keepRun(checks: CheckStore): Promise<void> {
  const startedAt = '2026-01-31T03:00:00.000Z'
  const subject = { kind: 'tables', left: { label: 'a t', where: 'id > 0' }, right: { label: 'b t' } } as const
  await checks.begin({ id: RUN, flow: 'checked', subject, startedAt }, 10)
  await checks.add(RUN, [
    { number: 1, about: 'row', kind: 'changed', key: ['1'], columns: ['v'], left: ['1', 'a'], right: ['1', null] },
    { number: 2, about: 'row', kind: 'missing-left', key: ['2'], columns: [], right: ['2', 'b'] },
    { number: 3, about: 'row', kind: 'copies', key: [], columns: [], copies: { left: 1, right: 3 } },
    {
      number: 4,
      about: 'number',
      kind: 'orphan',
      key: '7',
      expected: '2',
      stored: undefined,
      sources: [{ name: 'r', value: null }],
    },
  ])
  const found = { byKind: { changed: 1, 'missing-left': 1, copies: 1, orphan: 1 }, kept: 4 }
  await checks.end(RUN, { report: REPORT, exitCode: 1, error: undefined, found, endedAt: '2026-01-31T03:00:01.000Z' })
}

const REPORT: CheckReport = {
  kind: 'tables',
  verdict: 'different',
  left: 'a t',
  right: 'b t',
  columns: ['id', 'v'],
  keyColumns: ['id'],
  rows: { left: 3n, right: 3n },
  missingLeft: 1,
  missingRight: 0,
  changed: 1,
  unstable: 0,
  fetchedRows: 4,
  durationMs: 1_000.5,
}

const FEED_RUN = '0123456789abcdef'
const SHA = '0'.repeat(64)
const FEED_REPORT: FeedReport = {
  ...{ id: FEED_RUN, flow: 'listing', feed: 'listing', store: 'test://store', outcome: 'published', sequence: 2 },
  ...{ startedAt: '2026-01-31T03:00:00.000Z', endedAt: '2026-01-31T03:00:01.000Z', error: undefined },
  ...{ read: 5, skipped: 1, rejected: 1, rows: 3, bytes: 30, files: 1, others: 0 },
  keyColumns: ['id'],
  reasons: [{ code: 'row-invalid', reason: 'name: is missing', count: 1, keys: [['4']] }],
}

const MANIFEST: Manifest = {
  kind: 'lockstep-feed',
  version: 1,
  name: 'listing',
  sequence: 2,
  run: 'abc',
  publishedAt: '2026-01-31T03:00:00.000Z',
  format: 'json',
  compression: 'gzip',
  rows: 3,
  bytes: 30,
  skipped: 1,
  rejected: 1,
  columns: [{ name: 'id', type: 'bigint' }],
  schema: 's',
  files: [{ name: 'part-1.json.gz', rows: 3, bytes: 30, sha256: SHA }],
  descriptor: { name: 'listing.filesetdesc.json', timestamp: 1, bytes: 10, sha256: SHA },
}

function listedFlow(): Flow {
  const never = async (): Promise<never> => expect.fail('nothing is written here')
  const store: ObjectStore = {
    system: 'test',
    label: 'test://store',
    create: never,
    async *read() {
      yield formatManifest(MANIFEST)
    },
    list: async () => [],
    delete: never,
    sweep: never,
    diagnose: async () => [],
  }
  const feed = { manifest: 'listing-2.manifest.json', store: store.label, newest: false, problems: [] }
  const { publishedAt, rows, bytes } = MANIFEST
  return toyFlow(async () => {}, {
    kind: 'feed',
    listFeeds: async () => [
      { ...feed, sequence: 2, newest: true, publishedAt, rows, bytes, files: 1 },
      { ...feed, sequence: 1, problems: [{ file: 'part-1.json.gz', problem: 'is not there' }] },
    ],
    publishedFeed: async () => ({ store, object: feed.manifest }),
  })
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
  const likely =
    {
      flow: ['quotes', 'checked', 'listing'],
      limit: ['1', '7'],
      kind: ['changed'],
      sequence: ['1', '2'],
      run: [FEED_RUN],
    }[name] ?? []
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
    const letters: { items: { id: string }[] } = JSON.parse(
      await (await api.get('/api/v1/flows/quotes/dead-letters')).text(),
    )
    const letter = letters.items[0]?.id ?? expect.fail('there is no letter')
    const succeeded = new Set<string>()
    /** Those that had something to tell, as lists may be empty. */
    const filled = new Set<string>()
    const requests = fc
      .constantFrom(...operations)
      .chain((operation) => fc.tuple(fc.constant(operation), inputsOf(operation, letter), bodies))
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
      const text = await answer.text()
      if (answer.status < 300) succeeded.add(operation.operationId)
      if (answer.status < 300 && text !== '' && !text.startsWith('{"items":[]')) filled.add(operation.operationId)
      if (type.endsWith('json')) expect(schemaOf(content?.schema).parse(JSON.parse(text))).toBeDefined()
      expect(api.unexpected).toEqual([])
    }
    // With what is there first, so that each is known to answer, and before something is done to it.
    const reading = operations.filter(({ method }) => method === 'get')
    for (const operation of [...reading, ...operations]) {
      const likely = likelyOf(operation, letter)
      const inputs = operation.parameters.map(({ name }) => likely[name])
      await ask([operation, inputs, operation.operationId === 'resetCheckpoints' ? { confirm: 'quotes' } : {}])
    }
    const answered = ['listFlows', 'getFlow', 'getSeries', 'listHappenings', 'getConfig', 'listCheckpoints']
    const more = ['listConflicts', 'listLetters', 'getLetter', 'downloadPayload', 'about', 'alive', 'metrics']
    const kept = ['listChecks', 'getCheck', 'listFindings', 'getRepairSql']
    const feeds = ['listFeeds', 'getFeed', 'listFeedRuns', 'getFeedReport']
    expect([...answered, ...more, ...kept, ...feeds].filter((id) => !filled.has(id))).toEqual([])
    expect(succeeded).toContain('listRuns')
    await fc.assert(fc.asyncProperty(requests, ask), { numRuns: 500 })
  })
})

/** What is there, so that an answer has something in it. */
function likelyOf(operation: Documented, letter: string): Readonly<Record<string, string>> {
  const { operationId, tags } = operation
  if (tags.includes('checks'))
    return { flow: 'checked', id: RUN, ...(operationId === 'getRepairSql' ? { side: 'right' } : {}) }
  if (tags.includes('feeds')) return { flow: 'listing', sequence: '2', run: FEED_RUN }
  return { flow: 'quotes', id: letter, sequence: '2' }
}

function operationsOf(document: unknown): readonly Documented[] {
  return Object.entries(Document.parse(document).paths).flatMap(([path, methods]) =>
    (['get', 'post'] as const).flatMap((method) => {
      const operation = methods[method]
      return operation === undefined ? [] : [{ ...operation, path, method }]
    }),
  )
}

/** All at random; or what is there, asked in ways that make sense. */
function inputsOf(operation: Documented, letter: string): fc.Arbitrary<readonly (string | undefined)[]> {
  const { parameters } = operation
  const likely = likelyOf(operation, letter)
  const sensible = parameters.map(({ name, schema }) => {
    const listed = schema['enum']
    const known = [...(Array.isArray(listed) ? listed.map(String) : []), ...(SENSIBLE[name] ?? [])]
    if (likely[name] !== undefined) return fc.constant(likely[name])
    return fc.constantFrom(undefined, undefined, ...known)
  })
  const random = fc.tuple(...parameters.map(({ name, schema }) => valuesOf(name, schema)))
  return fc.oneof(fc.tuple(...sensible), random)
}

const SENSIBLE: Readonly<Record<string, readonly string[]>> = {
  limit: ['1', '2', '200'],
  kind: ['changed', 'orphan', 'copies'],
  code: ['check-violation', 'json-invalid,check-violation'],
  stage: ['write', 'decode,write'],
  state: ['dead', 'dead,held'],
  since: ['2020-01-01T00:00:00Z'],
  until: ['2999-01-01T00:00:00Z'],
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
