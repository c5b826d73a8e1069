import type { MiddlewareHandler } from 'hono'
import { codeOf } from '../observe/board/happening.js'
import type { OtherEventName } from '../observe/events/vocabulary.js'

/** A request that was answered. Never its query, its headers or its body. */
export interface RequestLine {
  readonly event: Extract<OtherEventName, `serve.${string}`>
  readonly requestId: string
  readonly method: string
  readonly path: string
  readonly status: number
  /** Until the answer began. */
  readonly durationMs: number
  /** Of the problem, where it is one. */
  readonly code?: string
}

export type RequestLog = (line: RequestLine) => void

const MAX_PATH = 200
/** A page that waits for its token asks all the time; one line says so. */
const REFUSALS_MS = 10_000

/** Tells of each request, once, by what it means for who runs the server. What is unexpected is told where it is caught. */
export function requestLog(log: RequestLog): MiddlewareHandler {
  const refusedAt = new Map<string, number>()
  const isNews = (code: string): boolean => {
    const now = performance.now()
    if (now - (refusedAt.get(code) ?? Number.NEGATIVE_INFINITY) < REFUSALS_MS) return false
    refusedAt.set(code, now)
    return true
  }
  return async (context, next) => {
    const since = performance.now()
    await next()
    const { method, path } = context.req
    const { status } = context.res
    if (status === 500) return
    const code = context.error === undefined ? undefined : codeOf(context.error)
    log({
      event: eventOf({ method, path, status }, () => isNews(code ?? '')),
      requestId: context.get('requestId'),
      method,
      path: path.slice(0, MAX_PATH),
      status,
      durationMs: Math.round(performance.now() - since),
      ...(code === undefined ? {} : { code }),
    })
  }
}

function eventOf(
  { method, path, status }: Pick<RequestLine, 'method' | 'path' | 'status'>,
  isNews: () => boolean,
): RequestLine['event'] {
  if (status === 401 || status === 403) return isNews() ? 'serve.refused' : 'serve.request'
  // Readiness is asked for all the time, and what is away has told it.
  if (status === 503 && path.startsWith('/api/')) return 'serve.unavailable'
  return method === 'POST' ? 'serve.change' : 'serve.request'
}
