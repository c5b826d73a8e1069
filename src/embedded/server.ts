import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UnavailableError } from '../core/errors.js'
import type { Binaries } from './binaries.js'

const READY = /database system is ready to accept connections/
const START_DEADLINE_MS = 30_000
/** The user and group `nobody`, used when the process is root, as which PostgreSQL refuses to run. */
const NOBODY = 65_534

export interface ServerOptions {
  /** Extra settings as in postgresql.conf; they win over the defaults below. */
  readonly settings?: Readonly<Record<string, string>>
  /** Where the data lives; default a temporary folder that is removed on dispose. It must not exist yet. */
  readonly dataFolder?: string
  /** Default: a free one. */
  readonly port?: number
}

/** A private PostgreSQL server on 127.0.0.1, for the demo, tests and benchmarks. */
export class EmbeddedServer implements AsyncDisposable {
  readonly port: number
  readonly dataFolder: string
  readonly #binaries: Binaries
  readonly #settings: Readonly<Record<string, string>>
  readonly #temporary: string | undefined
  #process: ChildProcess | undefined
  #log = ''

  private constructor(binaries: Binaries, port: number, dataFolder: string, temporary: string | undefined, settings: Readonly<Record<string, string>>) {
    this.#binaries = binaries
    this.port = port
    this.dataFolder = dataFolder
    this.#temporary = temporary
    this.#settings = settings
  }

  /** Creates a cluster (user `postgres`, no password, UTF-8, C locale) and starts it; 0.6 s. */
  static async start(binaries: Binaries, options: ServerOptions = {}): Promise<EmbeddedServer> {
    const temporary = options.dataFolder === undefined ? await mkdtemp(join(tmpdir(), 'lockstep-data-')) : undefined
    const dataFolder = options.dataFolder ?? join(temporary ?? '', 'data')
    if (temporary !== undefined) await chmod(temporary, 0o755)
    await mkdir(dataFolder, { recursive: true, mode: 0o700 })
    if (isRoot()) await chown(dataFolder, NOBODY, NOBODY)
    const server = new EmbeddedServer(binaries, options.port ?? (await freePort()), dataFolder, temporary, { ...options.settings })
    await server.#initialize()
    await server.start()
    return server
  }

  /** `postgres://postgres@127.0.0.1:<port>/<database>` */
  url(database = 'postgres'): string {
    return `postgres://postgres@127.0.0.1:${this.port}/${database}`
  }

  /** The postmaster's process id, while it runs. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** Starts it (again) and resolves when it accepts connections. */
  async start(): Promise<void> {
    const settings = { ...DEFAULT_SETTINGS, ...this.#settings, port: String(this.port) }
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const child = this.#spawn(this.#binaries.postgres, ['-D', this.dataFolder, ...flags])
    this.#process = child
    child.once('exit', () => {
      if (this.#process === child) this.#process = undefined
    })
    await this.#ready(child)
  }

  /** Fast shutdown: connections are cut, data is flushed. */
  async stop(): Promise<void> {
    await this.#signal('SIGINT')
  }

  /** As a power cut would: SIGKILL to the postmaster and every backend. Restart with `start`. */
  async kill(): Promise<void> {
    const pids = await this.#family()
    for (const pid of pids) signalIfAlive(pid, 'SIGKILL')
    await this.#gone()
  }

  /** SIGSTOP (or SIGCONT) to the postmaster and every backend: connections stay open and nothing answers. */
  async freeze(frozen: boolean): Promise<void> {
    for (const pid of await this.#family()) signalIfAlive(pid, frozen ? 'SIGSTOP' : 'SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.freeze(false)
    await this.#signal('SIGQUIT')
    await rm(this.#temporary ?? this.dataFolder, { recursive: true, force: true })
  }

  /** The end of the server's log. */
  get log(): string {
    return this.#log
  }

  async #initialize(): Promise<void> {
    const flags = ['-D', this.dataFolder, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions']
    const child = this.#spawn(this.#binaries.initdb, flags)
    const [code] = await once(child, 'exit')
    if (code !== 0) throw new UnavailableError('embedded-postgres', `initdb failed with exit code ${code}:\n${this.#log}`)
  }

  #spawn(program: string, args: readonly string[]): ChildProcess {
    const user: SpawnOptions = isRoot() ? { uid: NOBODY, gid: NOBODY } : {}
    const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' }
    const child = spawn(program, args, { ...user, cwd: '/', env, stdio: ['ignore', 'pipe', 'pipe'] })
    const keep = (chunk: Buffer): void => {
      this.#log = (this.#log + chunk.toString()).slice(-20_000)
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    // The server must not keep the demo alive, nor outlive it by accident.
    child.on('error', (error) => keep(Buffer.from(String(error))))
    return child
  }

  async #ready(child: ChildProcess): Promise<void> {
    let text = ''
    const deadline = AbortSignal.timeout(START_DEADLINE_MS)
    await new Promise<void>((resolve, reject) => {
      const fail = (): void => reject(new UnavailableError('embedded-postgres', `PostgreSQL did not start:\n${this.#log}`))
      child.once('exit', fail)
      child.once('error', fail)
      deadline.addEventListener('abort', fail)
      child.stderr?.on('data', (chunk: Buffer) => {
        text += chunk.toString()
        if (!READY.test(text)) return
        child.off('exit', fail)
        resolve()
      })
    })
  }

  async #family(): Promise<number[]> {
    const postmaster = this.pid
    if (postmaster === undefined) return []
    const children = await readFile(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8').catch(() => '')
    return [postmaster, ...children.split(' ').filter(Boolean).map(Number)]
  }

  async #signal(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process
    if (child === undefined) return
    child.kill(signal)
    await this.#gone()
  }

  async #gone(): Promise<void> {
    const child = this.#process
    if (child !== undefined && child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    this.#process = undefined
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

function isRoot(): boolean {
  return process.getuid?.() === 0
}

function signalIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
