import {
  type Attributes,
  isSpanContextValid,
  type Link,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { LockstepError } from '../../core/errors.js'
import type { BatchEvent, FlowEvent, Observer } from '../../core/observer.js'

/** Of one batch; of thousands of messages nobody looks at each. */
const MAX_LINKS = 64
const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})/

interface Letters {
  dead: number
  held: number
}

/**
 * Makes spans of what flows tell: one per batch with links to its messages' own traces, one per failed try, one per run
 * of a `check` or `feed`, in which its batches are. They are made when the thing is over, with the time it took.
 */
export function spanObserver(tracer: Tracer): Observer {
  const flows = new Map<string, FlowSpans>()
  return (event) => {
    let spans = flows.get(event.flow)
    if (spans === undefined) {
      spans = new FlowSpans(event.flow, tracer)
      flows.set(event.flow, spans)
    }
    spans.take(event)
  }
}

class FlowSpans {
  readonly #flow: string
  readonly #tracer: Tracer
  /** Letters of the batch that a lane is at. */
  readonly #letters = new Map<string, Letters>()
  #run: Span | undefined

  constructor(flow: string, tracer: Tracer) {
    this.#flow = flow
    this.#tracer = tracer
  }

  take(event: FlowEvent): void {
    switch (event.type) {
      case 'started':
        this.#letters.clear()
        this.#begin(event.kind)
        return
      case 'batch':
        this.#batch(event)
        return
      case 'dead-letters':
        this.#count(event)
        return
      case 'retry':
        this.#retry(event)
        return
      case 'verdict':
        this.#verdict(event)
        return
      case 'published':
        this.#run?.setAttributes({ 'lockstep.feed.sequence': event.sequence, 'lockstep.feed.rows': event.rows })
        return
      case 'stopped':
        this.#end(event)
    }
  }

  /** Other flows run for months. */
  #begin(kind: string): void {
    this.#run?.end()
    const ends = kind === 'check' || kind === 'feed'
    this.#run = ends ? this.#span(`${kind} run`, Date.now(), { 'lockstep.kind': kind }) : undefined
  }

  #batch(event: BatchEvent): void {
    const { lane, items, durationMs, lagMs } = event
    const { dead, held } = this.#letters.get(lane) ?? { dead: 0, held: 0 }
    this.#letters.delete(lane)
    const nowMs = Date.now()
    const attributes = {
      'lockstep.lane': lane,
      'lockstep.items': items,
      'lockstep.outcome': dead + held > 0 ? 'partly' : 'stored',
      ...(lagMs === undefined ? {} : { 'lockstep.lag_ms': lagMs }),
      ...(dead === 0 ? {} : { 'lockstep.dead_letters': dead }),
      ...(held === 0 ? {} : { 'lockstep.held': held }),
    }
    this.#span('batch', nowMs - durationMs, attributes, linksOf(event.traceparents?.() ?? [])).end(nowMs)
  }

  #count({ lane, count, held = false }: FlowEvent & { readonly type: 'dead-letters' }): void {
    const known = this.#letters.get(lane) ?? { dead: 0, held: 0 }
    if (held) known.held += count
    else known.dead += count
    this.#letters.set(lane, known)
  }

  #retry({ lane, attempt, error }: FlowEvent & { readonly type: 'retry' }): void {
    const nowMs = Date.now()
    const span = this.#span('failed try', nowMs, {
      'lockstep.lane': lane,
      'lockstep.attempt': attempt,
      'lockstep.outcome': 'failed',
      ...errorOf(error),
    })
    span.setStatus({ code: SpanStatusCode.ERROR })
    span.end(nowMs)
  }

  #verdict({ verdict, figures }: FlowEvent & { readonly type: 'verdict' }): void {
    const found = Object.entries(figures).map(([name, value]) => [`lockstep.found.${name}`, value] as const)
    const attributes = { 'lockstep.outcome': verdict, ...Object.fromEntries(found) }
    if (this.#run !== undefined) this.#run.setAttributes(attributes)
    else this.#span('pass', Date.now(), attributes).end()
  }

  #end({ exitCode, error }: FlowEvent & { readonly type: 'stopped' }): void {
    const span = this.#run
    this.#run = undefined
    if (span === undefined) return
    span.setAttribute('lockstep.exit_code', exitCode)
    if (error !== undefined) {
      span.setAttributes({ 'lockstep.outcome': 'failed', ...errorOf(error) })
      span.setStatus({ code: SpanStatusCode.ERROR })
    }
    span.end()
  }

  #span(name: string, startTime: number, attributes: Attributes, links: Link[] = []): Span {
    const options = { startTime, links, attributes: { 'lockstep.flow': this.#flow, ...attributes } }
    const kind = links.length > 0 ? SpanKind.CONSUMER : SpanKind.INTERNAL
    const parent = this.#run
    if (parent === undefined) return this.#tracer.startSpan(name, { ...options, kind, root: true })
    return this.#tracer.startSpan(name, { ...options, kind }, trace.setSpan(ROOT_CONTEXT, parent))
  }
}

/** No message: that of an error which is not ours may quote a value. */
function errorOf(error: Error): Attributes {
  const type = error instanceof LockstepError ? error.code : error.name
  return { 'error.type': type }
}

function linksOf(traceparents: readonly string[]): Link[] {
  const known = new Set<string>()
  const links: Link[] = []
  for (const text of traceparents) {
    const [, traceId = '', spanId = '', flags = '00'] = TRACEPARENT.exec(text) ?? []
    const context = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
    if (known.has(text) || !isSpanContextValid(context)) continue
    known.add(text)
    if (links.push({ context }) === MAX_LINKS) break
  }
  return links
}
