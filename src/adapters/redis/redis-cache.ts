import type { Redis } from 'ioredis'
import type { CachedVersion, CacheEntry, VersionCache } from '../../core/cache.js'
import { LockstepError, UnavailableError } from '../../core/errors.js'
import { missingPeer } from '../../core/missing-peer.js'
import { scrub } from '../../core/secret.js'
import type { Address } from './address.js'
import { decodeVersion, encodeVersion } from './version-text.js'

/** Keys of one MGET: the server does nothing else while it answers one. */
const CHUNK_KEYS = 500
const CONNECT_MS = 5_000
const RECONNECT_MS = 1_000

export interface CacheSettings {
  readonly ttlMs: number
  readonly prefix: string
  readonly timeoutMs: number
  readonly pauseMs: number
}

/** See `redis`. */
export class RedisCache implements VersionCache {
  readonly label: string
  readonly #address: Address
  readonly #settings: CacheSettings
  #client: Promise<Redis> | undefined
  #readiness: Promise<void> | undefined
  /** Why there is no connection. */
  #trouble: string | undefined
  #pausedUntil = 0
  #closed = false

  constructor(address: Address, settings: CacheSettings) {
    this.label = address.label
    this.#address = address
    this.#settings = settings
  }

  async load(keys: readonly string[], signal: AbortSignal): Promise<readonly (CachedVersion | undefined)[]> {
    if (keys.length === 0) return []
    const names = keys.map((key) => this.#settings.prefix + key)
    const chunks: (readonly string[])[] = []
    for (let at = 0; at < names.length; at += CHUNK_KEYS) chunks.push(names.slice(at, at + CHUNK_KEYS))
    const answers = await this.#ask(
      chunks.map((chunk) => ['mget', ...chunk]),
      signal,
    )
    const versions = answers.flatMap((answer) => (Array.isArray(answer) ? answer.map(decodeVersion) : []))
    if (versions.length === keys.length) return versions
    throw new UnavailableError('cache-failed', `${this.label}: the answer is not one to what was asked`)
  }

  async remember(entries: readonly CacheEntry[], signal: AbortSignal): Promise<void> {
    if (entries.length === 0) return
    const { prefix, ttlMs } = this.#settings
    const sets = entries.map(({ key, version }) => ['set', prefix + key, encodeVersion(version), 'px', ttlMs])
    await this.#ask(sets, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    const client = await this.#client?.catch(() => undefined)
    client?.disconnect()
  }

  /** Sends all commands at once and answers what came to each. */
  async #ask(commands: (string | number)[][], signal: AbortSignal): Promise<readonly unknown[]> {
    if (this.#closed) throw this.#failed('is closed')
    if (performance.now() < this.#pausedUntil) throw this.#failed('failed a moment ago and is left alone')
    signal.throwIfAborted()
    const { pauseMs } = this.#settings
    // `ioredis` is loaded outside the time limit: the first import may take longer.
    this.#client ??= this.#connect()
    const client = await this.#client
    try {
      return await this.#within(signal, async () => {
        await this.#ready(client)
        const results = (await client.pipeline(commands).exec()) ?? []
        return results.map(([error, result]) => {
          if (error !== null) throw error
          return result
        })
      })
    } catch (error) {
      this.#pausedUntil = performance.now() + pauseMs
      throw error instanceof LockstepError ? error : this.#failed(`failed (${this.#trouble ?? reason(error)})`)
    }
  }

  async #connect(): Promise<Redis> {
    const client = await connect(this.#address)
    client.on('error', (error: unknown) => {
      this.#trouble = reason(error)
    })
    client.on('ready', () => {
      this.#trouble = undefined
    })
    return client
  }

  async #ready(client: Redis): Promise<void> {
    this.#readiness ??= ready(client).finally(() => {
      this.#readiness = undefined
    })
    return this.#readiness
  }

  async #within<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    const { timeoutMs } = this.#settings
    const working = work()
    working.catch(() => undefined)
    return new Promise((resolve, reject) => {
      const leave = (problem: string) => {
        settle()
        // What was sent stays in line on this connection, so no later answer may come over it.
        void this.#client?.then((client) => client.status === 'ready' && client.disconnect(true))
        reject(this.#failed(this.#trouble === undefined ? problem : `${problem} (${this.#trouble})`))
      }
      const abort = () => leave('did not answer before the call was aborted')
      const timer = setTimeout(() => leave(`did not answer within ${timeoutMs} ms`), timeoutMs)
      signal.addEventListener('abort', abort, { once: true })
      const settle = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', abort)
      }
      working.then(resolve, reject).finally(settle)
    })
  }

  /** Without a cause: the client's own errors hold the commands, and with them keys and password. */
  #failed(problem: string): UnavailableError {
    return new UnavailableError('cache-failed', `${this.label}: the cache ${problem}`)
  }
}

async function connect({ host, port, db, username, password, tls }: Address): Promise<Redis> {
  const { Redis } = await import('ioredis').catch(
    missingPeer({ name: 'ioredis', install: 'ioredis@5', key: 'redis(url)' }),
  )
  return new Redis({
    host,
    port,
    db,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
    connectionName: 'lockstep',
    connectTimeout: CONNECT_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => RECONNECT_MS,
  })
}

/** Resolves once commands can be sent; rejects when the connection that is being made fails. */
async function ready(client: Redis): Promise<void> {
  if (client.status === 'ready') return
  await new Promise<void>((resolve, reject) => {
    const settle = (act: () => void) => {
      client.off('ready', done)
      client.off('close', failed)
      act()
    }
    const done = () => settle(resolve)
    const failed = () => settle(() => reject(new Error('no connection')))
    client.on('ready', done)
    client.on('close', failed)
  })
}

function reason(error: unknown): string {
  return error instanceof Error ? scrub(error.message) : 'for an unknown reason'
}
