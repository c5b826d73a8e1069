import type { ConnectionFigures } from '../../core/connection-figures.js'
import { UnavailableError } from '../../core/errors.js'
import { ClosedError } from './closed-error.js'

/** An open connection, as a pool sees it. */
export interface PoolClient {
  /** False once the connection is gone; it then must not be used again. */
  readonly usable: boolean
  /** Cuts the connection at once; statements under way fail with `fate`. */
  destroy(fate?: Error): void
  /** Says goodbye to the server. */
  close(): Promise<void>
}

export interface PoolOptions<Client extends PoolClient> {
  readonly label: string
  /** Connections open at the same time. */
  readonly max: number
  /** How long a caller waits for a free connection, in ms. */
  readonly waitMs: number
  open(signal: AbortSignal): Promise<Client>
  /** Called when the pool is disposed. */
  closed?(): void
}

interface Waiter {
  admit(): void
  refuse(error: Error): void
}

/** Lends connections, opens them when first needed, forgets those that are lost. First come, first served. */
export class ClientPool<Client extends PoolClient> implements AsyncDisposable {
  readonly #options: PoolOptions<Client>
  readonly #clients = new Set<Client>()
  readonly #idle: Client[] = []
  /** Those that are lent, and since when. */
  readonly #lent = new Map<Client, number>()
  readonly #waiters = new Set<Waiter>()
  readonly #closed = new AbortController()
  #free: number
  #opened = 0

  constructor(options: PoolOptions<Client>) {
    this.#options = options
    this.#free = options.max
  }

  /** How many connections it has opened so far. */
  get opened(): number {
    return this.#opened
  }

  get figures(): ConnectionFigures {
    const oldest = Math.min(...this.#lent.values())
    return {
      open: this.#clients.size,
      used: this.#lent.size,
      waiting: this.#waiters.size,
      oldestUseMs: this.#lent.size === 0 ? 0 : performance.now() - oldest,
    }
  }

  /** Whoever gets one gives it back with `release`, whatever happens. */
  async lease(signal?: AbortSignal): Promise<Client> {
    if (this.#closed.signal.aborted) throw this.#closedError()
    if (this.#free > 0) this.#free -= 1
    else await this.#turn(signal)
    try {
      const client = this.#takeIdle() ?? (await this.#open(signal))
      this.#lent.set(client, performance.now())
      return client
    } catch (error) {
      this.#pass()
      throw error
    }
  }

  release(client: Client): void {
    this.#lent.delete(client)
    if (client.usable) this.#idle.push(client)
    else this.#clients.delete(client)
    this.#pass()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed.signal.aborted) return
    this.#closed.abort(this.#closedError())
    for (const waiter of this.#waiters) waiter.refuse(this.#closedError())
    const idle = new Set(this.#idle.splice(0))
    for (const client of this.#clients) if (!idle.has(client)) client.destroy(this.#closedError())
    await Promise.all([...idle].map((client) => client.close()))
    this.#clients.clear()
    this.#lent.clear()
    this.#options.closed?.()
  }

  #takeIdle(): Client | undefined {
    for (;;) {
      const client = this.#idle.pop()
      if (client === undefined || client.usable) return client
      this.#clients.delete(client)
    }
  }

  async #open(signal: AbortSignal | undefined): Promise<Client> {
    const closed = this.#closed.signal
    const client = await this.#options.open(signal === undefined ? closed : AbortSignal.any([closed, signal]))
    if (closed.aborted) {
      client.destroy()
      throw this.#closedError()
    }
    this.#clients.add(client)
    this.#opened += 1
    return client
  }

  /** Hands the right to hold a connection to the next in line. */
  #pass(): void {
    const [next] = this.#waiters
    if (next === undefined) this.#free += 1
    else next.admit()
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(this.#aborted(signal.reason))
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
        this.#waiters.delete(waiter)
        act()
      }
      const waiter: Waiter = { admit: () => settle(resolve), refuse: (error) => settle(() => reject(error)) }
      const abort = (): void => waiter.refuse(this.#aborted(signal?.reason))
      const timer = setTimeout(() => waiter.refuse(this.#late()), this.#options.waitMs)
      signal?.addEventListener('abort', abort, { once: true })
      this.#waiters.add(waiter)
    })
  }

  #aborted(cause: unknown): UnavailableError {
    return new UnavailableError('aborted', `${this.#options.label}: waiting for a connection was aborted`, { cause })
  }

  #late(): UnavailableError {
    const { label, waitMs, max } = this.#options
    const message = `${label}: waiting for a connection took longer than ${waitMs} ms, as all ${max} are in use`
    return new UnavailableError('pool-exhausted', message)
  }

  #closedError(): ClosedError {
    return new ClosedError(this.#options.label)
  }
}
