import { request as plainRequest } from 'node:http'
import { type RequestOptions, request } from 'node:https'
import { connect as plainConnect } from 'node:net'
import { connect } from 'node:tls'
import { LockstepError, UnavailableError } from '../../core/errors.js'
import { pinnedLookup, type Resolve } from './lookup.js'
import { hostOf, type WebhookSettings } from './options.js'

export interface Answer {
  readonly status: number
  /** The beginning of the body. */
  readonly text: string
}

export interface Posted {
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

/** Of an answer no more is read: what matters is its status. */
const ANSWER_BYTES = 1_024

/** Sends a body and reads the beginning of the answer. Follows no redirect and keeps no connection. */
export async function post(
  { body, headers }: Posted,
  {
    settings,
    resolve,
    signal,
  }: { readonly settings: WebhookSettings; readonly resolve: Resolve; readonly signal: AbortSignal },
): Promise<Answer> {
  const url = new URL(settings.url.reveal())
  const within = AbortSignal.any([signal, AbortSignal.timeout(settings.timeoutMs)])
  const options: RequestOptions = {
    ...networkOptions(settings, url, resolve),
    method: 'POST',
    path: url.pathname + url.search,
    headers: { ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' },
    agent: false,
    signal: within,
  }
  return new Promise<Answer>((resolvePost, reject) => {
    // Once there is a status, it counts, whatever becomes of the rest.
    let answered: (() => void) | undefined
    const failed = (error: unknown): void => {
      if (answered === undefined) reject(asUnavailable(error, settings, within))
      else answered()
    }
    const send = url.protocol === 'https:' ? request : plainRequest
    const sent = send(options, (response) => {
      const chunks: Buffer[] = []
      let bytes = 0
      const done = (): void => {
        const text = Buffer.concat(chunks).subarray(0, ANSWER_BYTES).toString()
        // A word that was cut in the middle may be a part of a secret.
        resolvePost({ status: response.statusCode ?? 0, text: bytes < ANSWER_BYTES ? text : text.replace(/\S*$/, '') })
        sent.destroy()
      }
      answered = done
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        bytes += chunk.length
        if (bytes >= ANSWER_BYTES) done()
      })
      response.on('end', done)
      response.on('error', failed)
    })
    sent.on('error', failed)
    sent.end(body)
  })
}

/** Connects, with TLS where it is used, and sends nothing. */
export async function knock(settings: WebhookSettings, resolve: Resolve, signal: AbortSignal): Promise<void> {
  const url = new URL(settings.url.reveal())
  const within = AbortSignal.any([signal, AbortSignal.timeout(settings.timeoutMs)])
  const { host, port, lookup, ca, servername } = networkOptions(settings, url, resolve)
  await new Promise<void>((resolveKnock, reject) => {
    const secure = url.protocol === 'https:'
    const socket = secure ? connect({ host, port, lookup, ca, servername }) : plainConnect({ host, port, lookup })
    const stop = (): void => void socket.destroy(new Error('the deadline has passed'))
    within.addEventListener('abort', stop, { once: true })
    const end = (error?: unknown): void => {
      within.removeEventListener('abort', stop)
      socket.destroy()
      if (error === undefined) resolveKnock()
      else reject(asUnavailable(error, settings, within))
    }
    socket.once(secure ? 'secureConnect' : 'connect', () => end())
    socket.on('error', end)
  })
}

function networkOptions(settings: WebhookSettings, url: URL, resolve: Resolve) {
  const host = hostOf(url)
  const { allowPrivate, origin, ca } = settings
  const plain = url.protocol === 'http:'
  return {
    host,
    port: url.port === '' ? (plain ? 80 : 443) : Number(url.port),
    lookup: pinnedLookup({ allowPrivate, plain, origin }, resolve),
    // Certificates are of names; one for an address is checked against the address.
    servername: /^[\d.]+$|:/.test(host) ? '' : host,
    ...(ca === undefined ? {} : { ca }),
  }
}

/** Only codes of the system: its messages may quote what they were given. */
function asUnavailable(error: unknown, { origin, timeoutMs }: WebhookSettings, within: AbortSignal): Error {
  if (error instanceof LockstepError) return error
  if (within.aborted) {
    return new UnavailableError('webhook-timeout', `${origin} gave no answer within ${timeoutMs} ms`, { cause: error })
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'no answer'
  return new UnavailableError('webhook-unreachable', `${origin} cannot be reached (${code})`, { cause: error })
}
