import { chown, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { UnavailableError } from '../core/errors.js'
import type { Binaries } from './binaries.js'
import { isRoot, NOBODY, temporaryFolder } from './folders.js'
import { freePort } from './free-port.js'
import { ServerProcess } from './server-process.js'

const READY = /database system is ready to accept (read-only )?connections/

export interface ServerOptions {
  /** Extra settings as in postgresql.conf; they win over the defaults below. */
  readonly settings?: Readonly<Record<string, string>>
  /** An empty or missing folder for the data, which stays on dispose; default a temporary one, which does not. */
  readonly dataFolder?: string
  /** Default: a free one. */
  readonly port?: number
}

/**
 * A private PostgreSQL server on 127.0.0.1, for the demo, tests and benchmarks. It ends with this process, also when that
 * is killed, and does not keep it alive.
 */
export class EmbeddedServer implements AsyncDisposable {
  readonly port: number
  readonly dataFolder: string
  readonly #binaries: Binaries
  readonly #settings: Readonly<Record<string, string>>
  readonly #temporary: string | undefined
  readonly #process: ServerProcess

  private constructor(binaries: Binaries, place: Place, settings: Readonly<Record<string, string>>) {
    this.#binaries = binaries
    this.port = place.port
    this.dataFolder = place.dataFolder
    this.#temporary = place.temporary
    this.#settings = settings
    const { temporary } = place
    this.#process = new ServerProcess({
      product: 'PostgreSQL',
      ready: READY,
      temporary,
      failure: (what, log) => new UnavailableError('embedded-postgres', `${what}; its log ends with:\n${log}`),
    })
  }

  /** Creates a cluster (user `postgres`, no password, UTF-8, C locale) and starts it; 0.6 s. */
  static async start(binaries: Binaries, options: ServerOptions = {}): Promise<EmbeddedServer> {
    const server = new EmbeddedServer(binaries, await makePlace(options), { ...options.settings })
    try {
      await server.#initialize()
      await server.start()
      return server
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
  }

  /** `postgres://postgres@127.0.0.1:<port>/<database>` */
  url(database = 'postgres'): string {
    return `postgres://postgres@127.0.0.1:${this.port}/${database}`
  }

  /** The postmaster's process id, while it runs. */
  get pid(): number | undefined {
    return this.#process.pid
  }

  /** Starts it (again) and resolves when it accepts connections. Does nothing while it runs. */
  async start(): Promise<void> {
    if (this.pid !== undefined) return
    // What a killed server left; its number may by now be that of another process.
    await rm(join(this.dataFolder, 'postmaster.pid'), { force: true })
    const settings = { ...DEFAULT_SETTINGS, ...this.#settings, port: String(this.port) }
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    await this.#process.start(this.#binaries.postgres, ['-D', this.dataFolder, ...flags])
  }

  /** Fast shutdown: connections are cut, data is flushed. */
  async stop(): Promise<void> {
    await this.#process.end('SIGINT')
  }

  /** As a power cut would: SIGKILL to the postmaster and every backend. Restart with `start`. */
  async kill(): Promise<void> {
    await this.#process.kill()
  }

  /** SIGSTOP (or SIGCONT) to the postmaster and every backend: connections stay open and nothing answers. */
  async freeze(frozen: boolean): Promise<void> {
    await this.#process.freeze(frozen)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.freeze(false)
    await this.#process.end('SIGQUIT')
    if (this.#temporary !== undefined) await rm(this.#temporary, { recursive: true, force: true, maxRetries: 3 })
  }

  /** The end of the server's log. */
  get log(): string {
    return this.#process.log
  }

  async #initialize(): Promise<void> {
    const flags = [
      '-D',
      this.dataFolder,
      '-U',
      'postgres',
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--locale=C',
      '--no-sync',
      '--no-instructions',
    ]
    await this.#process.run('initdb', this.#binaries.initdb, flags)
  }
}

/** Small enough for a laptop, and enough connections for tests. Durability is left as it is by default: on. */
const DEFAULT_SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '256MB',
  max_wal_size: '4GB',
  max_prepared_transactions: '10',
  log_checkpoints: 'off',
  logging_collector: 'off',
}

interface Place {
  readonly port: number
  readonly dataFolder: string
  /** What dispose removes. */
  readonly temporary: string | undefined
}

async function makePlace({ dataFolder: given, port }: ServerOptions): Promise<Place> {
  const temporary = given === undefined ? await temporaryFolder('lockstep-data-') : undefined
  const dataFolder = given ?? join(temporary ?? '', 'data')
  await mkdir(dataFolder, { recursive: true, mode: 0o700 })
  if (isRoot()) await chown(dataFolder, NOBODY, NOBODY)
  return { port: port ?? (await freePort()), dataFolder, temporary }
}
