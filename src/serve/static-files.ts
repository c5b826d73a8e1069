import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import { Readable } from 'node:stream'
import type { Context, MiddlewareHandler } from 'hono'
import { PAGE_POLICY } from './security/guards.js'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
}
/** `index-BdkXn3Zq.js`: another content has another name. */
const HASHED = /[-.][A-Za-z0-9_-]{8}\.[a-z0-9]+$/
/** Addresses that are not the dashboard's. */
const NOT_PAGES = /^\/(api|docs|metrics|healthz|readyz|openapi\.json)(\/|$)/

/**
 * The files of a folder and nothing outside it. What has no extension is a page of the dashboard, which finds its way
 * itself: it gets `index.html`.
 */
export function staticFiles(folder: string): MiddlewareHandler {
  return async (context, next) => {
    const { path } = context.req
    if (NOT_PAGES.test(path)) return next()
    const file = (await find(folder, path)) ?? (extname(path) === '' ? await find(folder, '/index.html') : undefined)
    return file === undefined ? next() : answer(context, file)
  }
}

interface Found {
  readonly path: string
  readonly type: string
  readonly bytes: number
}

/** Only files of known types; what a link or `..` leads to must be in the folder too. */
async function find(folder: string, path: string): Promise<Found | undefined> {
  const name = decoded(path)
  const type = TYPES[extname(name)]
  if (type === undefined || name.includes('\0') || name.includes('\\')) return undefined
  try {
    const root = await realpath(folder)
    const real = await realpath(join(root, name))
    if (!real.startsWith(root + sep)) return undefined
    const { size } = await stat(real)
    return { path: real, type, bytes: size }
  } catch {
    return undefined
  }
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return ''
  }
}

function answer(context: Context, { path, type, bytes }: Found): Response {
  context.header('content-type', type)
  context.header('content-length', String(bytes))
  context.header('content-security-policy', PAGE_POLICY)
  context.header('cache-control', HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache')
  if (context.req.method === 'HEAD') return context.body(null)
  return context.body(Readable.toWeb(createReadStream(path)))
}
