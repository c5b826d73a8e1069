import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { vi } from 'vitest'
import { freePort } from '../../src/embedded/free-port.js'
import { guardOrphan } from '../../src/embedded/orphan-guard.js'

export interface RedisServerOptions {
  readonly password?: string
  /** Further arguments of the command line. */
  readonly settings?: readonly string[]
}

/** A Redis server of the test's own, of Debian's package `redis-server`; it keeps nothing over a restart. */
export class RedisServer implements AsyncDisposable {
  readonly port: number
  readonly #folder: string
  readonly #options: RedisServerOptions
  #process: ChildProcess | undefined
  #guard: Disposable | undefined

  private constructor(port: number, folder: string, options: RedisServerOptions) {
    this.port = port
    this.#folder = folder
    this.#options = options
  }

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), 'lockstep-redis-'))
    const server = new RedisServer(await freePort(), folder, options)
    await server.start()
    return server
  }

  /** `redis://:password@127.0.0.1:port/0` */
  url(password: string | undefined = this.#options.password): string {
    return `redis://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}127.0.0.1:${this.port}/0`
  }

  /** A bare client, for oracles. */
  async client(): Promise<Redis & AsyncDisposable> {
    const client = new Redis(this.url(), { lazyConnect: true, retryStrategy: () => null })
    client.on('error', () => {})
    await client.connect()
    return Object.assign(client, {
      async [Symbol.asyncDispose]() {
        client.disconnect()
      },
    })
  }

  async start(): Promise<void> {
    const { password, settings = [] } = this.#options
    const secret = password === undefined ? [] : ['--requirepass', password]
    const own = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--dir', this.#folder]
    this.#process = spawn('redis-server', [...own, ...secret, ...settings], { stdio: 'ignore' })
    if (this.#process.pid !== undefined) this.#guard = guardOrphan(this.#process.pid, this.#folder, 'KILL')
    await vi.waitFor(async () => (await this.client())[Symbol.asyncDispose](), { timeout: 30_000, interval: 50 })
  }

  async kill(): Promise<void> {
    const ended = this.#process?.exitCode === null ? once(this.#process, 'exit') : undefined
    this.#guard?.[Symbol.dispose]()
    this.#process?.kill('SIGKILL')
    await ended
  }

  freeze(frozen: boolean): void {
    this.#process?.kill(frozen ? 'SIGSTOP' : 'SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
