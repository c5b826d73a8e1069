import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { UnavailableError } from '../core/errors.js'
import type { Binaries } from './binaries.js'
import { isRoot, NOBODY, temporaryFolder } from './folders.js'
import { freePort } from './free-port.js'
import { guardOrphan, letGo } from './orphan-guard.js'
import { freezeFamily, killFamily } from './process-family.js'

const READY = /database system is ready to accept (read-only )?connections/
const START_DEADLINE_MS = 30_000
const STOP_DEADLINE_MS = 20_000
const LOG_CHARACTERS = 20_000

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
  #process: ChildProcess | undefined
  #log = ''

  private constructor(binaries: Binaries, place: Place, settings: Readonly<Record<string, string>>) {
    this.#binaries = binaries
    this.port = place.port
    this.dataFolder = place.dataFolder
    this.#temporary = place.temporary
    this.#settings = settings
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
    return this.#process?.pid
  }

  /** Starts it (again) and resolves when it accepts connections. Does nothing while it runs. */
  async start(): Promise<void> {
    if (this.#process !== undefined) return
    // What a killed server left; its number may by now be that of another process.
    await rm(join(this.dataFolder, 'postmaster.pid'), { force: true })
    const settings = { ...DEFAULT_SETTINGS, ...this.#settings, port: String(this.port) }
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const child = this.#spawn(this.#binaries.postgres, ['-D', this.dataFolder, ...flags])
    this.#process = child
    const guard = child.pid === undefined ? undefined : guardOrphan(child.pid, this.#temporary)
    const over = (): void => {
      guard?.[Symbol.dispose]()
      if (this.#process === child) this.#process = undefined
    }
    child.once('exit', over)
    child.once('error', over)
    try {
      await this.#ready(child)
    } catch (error) {
      await this.kill()
      throw error
    }
    letGo(child)
  }

  /** Fast shutdown: connections are cut, data is flushed. */
  async stop(): Promise<void> {
    await this.#end('SIGINT')
  }

  /** As a power cut would: SIGKILL to the postmaster and every backend. Restart with `start`. */
  async kill(): Promise<void> {
    const child = this.#process
    if (child?.pid === undefined) return
    child.ref()
    const exit = exited(child)
    await killFamily(child.pid)
    await exit
  }

  /** SIGSTOP (or SIGCONT) to the postmaster and every backend: connections stay open and nothing answers. */
  async freeze(frozen: boolean): Promise<void> {
    if (this.pid !== undefined) await freezeFamily(this.pid, frozen)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.freeze(false)
    await this.#end('SIGQUIT')
    if (this.#temporary !== undefined) await rm(this.#temporary, { recursive: true, force: true, maxRetries: 3 })
  }

  /** The end of the server's log. */
  get log(): string {
    return this.#log
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
    const child = this.#spawn(this.#binaries.initdb, flags)
    const [code] = await once(child, 'exit').catch((error: unknown) => [error])
    if (code !== 0) throw this.#failure(`initdb failed (${String(code)})`)
  }

  #spawn(program: string, args: readonly string[]): ChildProcess {
    const user: SpawnOptions = isRoot() ? { uid: NOBODY, gid: NOBODY } : {}
    const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' }
    // Of its own session: Ctrl-C in the terminal is for us, and we stop it when we are done.
    const child = spawn(program, args, { ...user, cwd: '/', env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const keep = (text: unknown): void => {
      this.#log = (this.#log + String(text)).slice(-LOG_CHARACTERS)
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    child.on('error', keep)
    return child
  }

  async #ready(child: ChildProcess): Promise<void> {
    const settled = new AbortController()
    const late = setTimeout(() => settled.abort('in time'), START_DEADLINE_MS)
    try {
      await new Promise<void>((resolve, reject) => {
        let text = ''
        const look = (chunk: unknown): void => {
          text += String(chunk)
          if (READY.test(text)) resolve()
        }
        child.stderr?.on('data', look)
        child.once('exit', reject)
        child.once('error', reject)
        settled.signal.addEventListener('abort', () => {
          child.stderr?.off('data', look)
          child.off('exit', reject)
          child.off('error', reject)
          reject()
        })
      })
    } catch {
      throw this.#failure('PostgreSQL did not start')
    } finally {
      clearTimeout(late)
      settled.abort()
    }
  }

  #failure(what: string): UnavailableError {
    return new UnavailableError('embedded-postgres', `${what}; its log ends with:\n${this.#log}`)
  }

  /** Asks it to end, and insists when it does not. */
  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process
    if (child === undefined) return
    child.ref()
    const late = setTimeout(() => void this.kill(), STOP_DEADLINE_MS)
    child.kill(signal)
    await exited(child)
    clearTimeout(late)
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

async function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}
