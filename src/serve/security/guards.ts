import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { RequestError } from '../problem.js'
import { type Access, isOwnHost, isToken } from './access.js'

const MAX_BODY_BYTES = 64 * 1024

/** For everything: what a browser may do with an answer. */
const HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}
/** For pages: their own files, and nothing from elsewhere. */
export const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** First of all, so that refusals have them too. */
export function safeHeaders(): MiddlewareHandler {
  return async (context, next) => {
    for (const [name, value] of Object.entries(HEADERS)) context.header(name, value)
    context.header('cache-control', 'no-store')
    await next()
  }
}

export function hostGuard({ names }: Access): MiddlewareHandler {
  return async (context, next) => {
    if (!isOwnHost(context.req.header('host'), names)) {
      const fix = 'call it by its address or by localhost, or allow the name: `serve.names` of the config'
      throw new RequestError(403, 'host-refused', 'this server is not known by the name in Host', fix)
    }
    await next()
  }
}

export function tokenGuard({ token }: Access): MiddlewareHandler {
  return async (context, next) => {
    if (token !== undefined && !isToken(context.req.header('authorization'), token)) {
      const fix = 'send `Authorization: Bearer <token>`'
      throw new RequestError(401, 'token-missing', 'no token was sent, or not the right one', fix)
    }
    await next()
  }
}

/** Of requests that change something: JSON, and from no other site. A browser sends JSON to others only after asking. */
export function changeGuard(readOnly: boolean): MiddlewareHandler {
  return async (context, next) => {
    if (readOnly) throw new RequestError(403, 'read-only', 'this server changes nothing')
    const { req } = context
    const origin = req.header('origin')
    const site = req.header('sec-fetch-site')
    const own = origin === undefined || hostOfOrigin(origin) === req.header('host')?.toLowerCase()
    if (!own || (site !== undefined && site !== 'same-origin' && site !== 'none')) {
      throw new RequestError(403, 'origin-refused', 'requests of other sites are refused')
    }
    if (!/^application\/json\s*(;|$)/i.test(req.header('content-type') ?? '')) {
      throw new RequestError(415, 'not-json', 'the content type is not application/json', 'send JSON, at least {}')
    }
    await next()
  }
}

export function bodyGuard(): MiddlewareHandler {
  return bodyLimit({
    maxSize: MAX_BODY_BYTES,
    onError: () => {
      throw new RequestError(413, 'body-too-large', `the body has more than ${MAX_BODY_BYTES} bytes`)
    },
  })
}

function hostOfOrigin(origin: string): string | undefined {
  try {
    return new URL(origin).host
  } catch {
    return undefined
  }
}
