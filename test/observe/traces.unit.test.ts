import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { ingest } from 'lockstep'
import { memoryDatabase, memoryStream } from 'lockstep/memory'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { DataError, UnavailableError } from '../../src/core/errors.js'
import { openTraces } from '../../src/observe/traces/open-traces.js'
import { spanObserver } from '../../src/observe/traces/span-observer.js'

const CANARY = 'C4N4RY'
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const parent = (span: string): string => `00-${TRACE}-${span}-01`

function recorder() {
  const exporter = new InMemorySpanExporter()
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  return { observer: spanObserver(provider.getTracer('test')), spans: () => exporter.getFinishedSpans() }
}

describe('spans', () => {
  it('are one per batch, linked to the traces of its messages, wherever these carry them', async () => {
    const { observer, spans } = recorder()
    const database = memoryDatabase({ tables: [{ name: 'quotes', key: ['id'] }] })
    const from = memoryStream()
    const json = { id: 'a' }
    from.append(
      { json, headers: { traceparent: parent('00f067aa0ba902b7') } },
      { json, headers: { googclient_traceparent: parent('00f067aa0ba902b8') } },
      { json, headers: { $traceparent: parent('00f067aa0ba902b9') } },
      { json, headers: { traceparent: parent('00f067aa0ba902b9') } },
      { json, headers: { traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` } },
      { json, headers: { traceparent: CANARY } },
      { body: CANARY },
    )
    const flow = ingest({
      from,
      schema: z.object({ id: z.string() }),
      into: database.table('quotes'),
      map: (row) => row,
      stopAbove: 1,
    })
    const { signal } = new AbortController()
    await flow.run({ name: 'quotes', observer, drain: signal, abort: signal, untilCaughtUp: true })
    const batches = spans().filter(({ name }) => name === 'batch')
    expect(batches.reduce((sum, { attributes }) => sum + Number(attributes['lockstep.items']), 0)).toBe(7)
    const links = batches.flatMap((span) => span.links.map(({ context }) => `${context.traceId} ${context.spanId}`))
    expect(links.sort()).toEqual(['7', '8', '9'].map((digit) => `${TRACE} 00f067aa0ba902b${digit}`))
    const [first] = batches
    expect(first).toMatchObject({ kind: SpanKind.CONSUMER, parentSpanContext: undefined })
    expect(first?.attributes).toMatchObject({
      'lockstep.flow': 'quotes',
      'lockstep.lane': 'memory',
      'lockstep.outcome': 'partly',
      'lockstep.dead_letters': 1,
    })
    expect(JSON.stringify(batches.map(({ attributes, events }) => [attributes, events]))).not.toContain(CANARY)
  })

  it('last as long as the batch did, and failed tries are errors without their message', () => {
    const { observer, spans } = recorder()
    observer({ flow: 'f', type: 'batch', lane: 'l', items: 3, durationMs: 1_500, lagMs: 20 })
    const error = new UnavailableError('connection', CANARY)
    observer({ flow: 'f', type: 'retry', lane: 'l', attempt: 2, delayMs: 100, error })
    observer({ flow: 'f', type: 'retry', lane: 'l', attempt: 3, delayMs: 100, error: new TypeError(CANARY) })
    const [batch, ours, foreign] = spans()
    expect(batch?.duration).toEqual([1, 500_000_000])
    expect(batch).toMatchObject({ kind: SpanKind.INTERNAL, status: { code: SpanStatusCode.UNSET }, links: [] })
    expect(ours).toMatchObject({ name: 'failed try', status: { code: SpanStatusCode.ERROR } })
    expect(ours?.attributes).toMatchObject({ 'error.type': 'connection', 'lockstep.attempt': 2 })
    expect(foreign?.attributes).toMatchObject({ 'error.type': 'TypeError' })
    expect(JSON.stringify([ours?.attributes, ours?.events, ours?.status, foreign?.attributes])).not.toContain(CANARY)
  })

  it('hold the parts of a feed and the verdict of a check together in a span of their run', () => {
    const { observer, spans } = recorder()
    observer({ flow: 'c', type: 'started', kind: 'check' })
    observer({ flow: 'f', type: 'started', kind: 'feed' })
    observer({ flow: 'f', type: 'batch', lane: 'feed', items: 9, durationMs: 1, lagMs: undefined })
    observer({ flow: 'c', type: 'verdict', verdict: 'different', detail: CANARY, figures: { changed: 2 } })
    observer({ flow: 'c', type: 'stopped', exitCode: 1, error: undefined })
    observer({ flow: 'f', type: 'stopped', exitCode: 5, error: new DataError('feed-shrunk', CANARY) })
    observer({ flow: 's', type: 'verdict', verdict: 'same', detail: '', figures: {} })
    const [part, check, feed, pass] = spans()
    expect(part?.parentSpanContext?.spanId).toBe(feed?.spanContext().spanId)
    expect(check).toMatchObject({ name: 'check run' })
    expect(check?.attributes).toMatchObject({ 'lockstep.outcome': 'different', 'lockstep.found.changed': 2 })
    expect(feed).toMatchObject({ name: 'feed run', status: { code: SpanStatusCode.ERROR } })
    expect(feed?.attributes).toMatchObject({ 'lockstep.outcome': 'failed', 'error.type': 'feed-shrunk' })
    expect(pass?.attributes).toMatchObject({ 'lockstep.flow': 's', 'lockstep.outcome': 'same' })
  })

  it('need packages that are asked for by name when they are missing', async () => {
    vi.doMock('@opentelemetry/exporter-trace-otlp-http', () => {
      throw new Error('cannot find it')
    })
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }
    await expect(openTraces({ settings: undefined, env, version: '1' })).rejects.toMatchObject({
      code: 'package-missing',
      key: 'traces',
      fix: expect.stringContaining('npm install @opentelemetry/sdk-trace '),
    })
    vi.doUnmock('@opentelemetry/exporter-trace-otlp-http')
  })

  it('are not made when nobody asks, and are sent by OTLP when somebody does', async () => {
    const version = '1.2.3'
    expect(await openTraces({ settings: undefined, env: {}, version })).toBeUndefined()
    const received: { readonly url: string | undefined; readonly token: unknown; readonly body: string }[] = []
    const collector = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { url, headers } = request
        received.push({ url, token: headers['authorization'], body: Buffer.concat(chunks).toString() })
        response.setHeader('content-type', 'application/json').end('{}')
      })
    })
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve))
    // A server that listens on TCP has an address of this kind.
    const address = collector.address()
    const port = typeof address === 'object' ? (address satisfies AddressInfo | null)?.port : undefined
    const url = `http://127.0.0.1:${port}/v1/traces`
    expect(await openTraces({ settings: false, env: { OTEL_EXPORTER_OTLP_ENDPOINT: url }, version })).toBeUndefined()
    const traces = await openTraces({ settings: { url, headers: { authorization: 'Bearer t' } }, env: {}, version })
    traces?.observer({ flow: 'quotes', type: 'batch', lane: 'l', items: 3, durationMs: 5, lagMs: undefined })
    await traces?.close(10_000)
    expect(received).toMatchObject([{ url: '/v1/traces', token: 'Bearer t' }])
    expect(JSON.parse(received[0]?.body ?? '')).toMatchObject({
      resourceSpans: [
        {
          resource: {
            attributes: expect.arrayContaining([{ key: 'service.name', value: { stringValue: 'lockstep' } }]),
          },
          scopeSpans: [{ scope: { name: 'lockstep' }, spans: [{ name: 'batch' }] }],
        },
      ],
    })
    collector.close()
    collector.closeAllConnections()
    // A collector that is gone fails nothing, and is not waited for.
    vi.stubEnv('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', url)
    const env = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url }
    const gone = await openTraces({ settings: undefined, env, version })
    gone?.observer({ flow: 'quotes', type: 'batch', lane: 'l', items: 3, durationMs: 5, lagMs: undefined })
    await gone?.close(200)
    vi.unstubAllEnvs()
  })
})
