import { chown, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UnavailableError } from '../../core/errors.js'
import { isRoot, NOBODY, temporaryFolder } from '../folders.js'
import { freePort } from '../free-port.js'
import { ServerProcess } from '../server-process.js'
import type { MariadbPrograms } from './programs.js'

const READY = /mariadbd: ready for connections/

export interface MariadbOptions {
  /** Extra settings as on the command line (`{ innodb_flush_log_at_trx_commit: '0' }`); they win over the defaults below. */
  readonly settings?: Readonly<Record<string, string>>
  /** Default a temporary folder, which dispose removes. One that is given must be empty, and stays. */
  readonly dataFolder?: string
  /** Default: a free one. */
  readonly port?: number
  /** Put into the data folder before the start, by name: certificates. */
  readonly files?: Readonly<Record<string, Uint8Array>>
}

/**
 * A private MariaDB server on 127.0.0.1, run from the programs installed on this machine, for the demo, tests and
 * benchmarks. It ends with this process, also when that is killed, and does not keep it alive. Its user `root` has no
 * password: it is for data that nobody minds to show to other users of this machine.
 */
export class MariadbServer implements AsyncDisposable {
  readonly port: number
  readonly #programs: MariadbPrograms
  readonly #place: Place
  readonly #settings: Readonly<Record<string, string>>
  readonly #process: ServerProcess

  private constructor(programs: MariadbPrograms, place: Place, settings: Readonly<Record<string, string>>) {
    this.#programs = programs
    this.#place = place
    this.port = place.port
    this.#settings = settings
    const { temporary } = place
    this.#process = new ServerProcess({
      product: 'MariaDB',
      ready: READY,
      temporary,
      failure: (what, log) => new UnavailableError('embedded-mariadb', `${what}; its log ends with:\n${log}`),
    })
  }

  /** Makes the system tables (0.6 s) and starts the server (0.5 s). */
  static async start(programs: MariadbPrograms, options: MariadbOptions = {}): Promise<MariadbServer> {
    const place = await makePlace(options)
    const server = new MariadbServer(programs, place, { ...options.settings })
    try {
      await server.#initialize()
      for (const [name, bytes] of Object.entries(options.files ?? {}))
        await putFile(join(place.dataFolder, name), bytes)
      await server.start()
      return server
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
  }

  /** `mysql://root@127.0.0.1:<port>/<database>` */
  url(database = ''): string {
    return `mysql://root@127.0.0.1:${this.port}/${database}`
  }

  /** The server's process id, while it runs. */
  get pid(): number | undefined {
    return this.#process.pid
  }

  /** The end of the server's log. */
  get log(): string {
    return this.#process.log
  }

  /** Starts it (again) and resolves when it accepts connections. Does nothing while it runs. */
  async start(): Promise<void> {
    if (this.pid !== undefined) return
    await this.#process.start(this.#programs.mariadbd, ['--no-defaults', ...this.#flags()])
  }

  /** Connections are cut, data is flushed. */
  async stop(): Promise<void> {
    await this.#process.end('SIGTERM')
  }

  /** SIGKILL, as a crash would end it. Restart with `start`. */
  async kill(): Promise<void> {
    await this.#process.kill()
  }

  /** SIGSTOP (or SIGCONT): connections stay open and nothing answers. */
  async freeze(frozen: boolean): Promise<void> {
    await this.#process.freeze(frozen)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.freeze(false)
    const { temporary } = this.#place
    // What is in a folder that goes away need not be flushed.
    if (temporary === undefined) await this.stop()
    else await this.kill()
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true, maxRetries: 3 })
  }

  #flags(): readonly string[] {
    const { dataFolder, folder, port } = this.#place
    const settings = {
      ...DEFAULT_SETTINGS,
      ...this.#settings,
      datadir: dataFolder,
      // Of its own: servers that start at the same moment must not meet in /tmp.
      tmpdir: join(folder, 'tmp'),
      socket: join(folder, 'socket'),
      'pid-file': join(folder, 'pid'),
      'init-file': join(folder, 'init.sql'),
      port: String(port),
    }
    return Object.entries(settings).map(([name, value]) => `--${name}=${value}`)
  }

  async #initialize(): Promise<void> {
    const { dataFolder, folder } = this.#place
    // Over TCP without name lookups, `localhost` is nobody.
    await writeFile(join(folder, 'init.sql'), ROOT)
    await this.#process.run('mariadb-install-db', this.#programs.install, [
      '--no-defaults',
      `--datadir=${dataFolder}`,
      `--tmpdir=${join(folder, 'tmp')}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      '--skip-name-resolve',
      '--cross-bootstrap',
    ])
  }
}

const ROOT = `CREATE USER IF NOT EXISTS root@'127.0.0.1';
GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;
`

/** Small enough for a laptop. Durability is left as it is by default: on. */
const DEFAULT_SETTINGS: Readonly<Record<string, string>> = {
  'bind-address': '127.0.0.1',
  'skip-name-resolve': 'ON',
  'character-set-server': 'utf8mb4',
  'max-connections': '200',
  'innodb-buffer-pool-size': '128M',
  'innodb-log-file-size': '64M',
}

interface Place {
  readonly port: number
  /** Holds the socket and the like. */
  readonly folder: string
  readonly dataFolder: string
  /** What dispose removes. */
  readonly temporary: string | undefined
}

async function makePlace({ dataFolder: given, port }: MariadbOptions): Promise<Place> {
  const temporary = given === undefined ? await temporaryFolder('lockstep-mariadb-') : undefined
  const folder = given ?? temporary ?? ''
  const dataFolder = join(folder, 'data')
  for (const path of [dataFolder, join(folder, 'tmp')]) await mkdir(path, { recursive: true, mode: 0o700 })
  if (isRoot()) for (const path of [folder, dataFolder, join(folder, 'tmp')]) await chown(path, NOBODY, NOBODY)
  return { port: port ?? (await freePort()), folder, dataFolder, temporary }
}

async function putFile(path: string, bytes: Uint8Array): Promise<void> {
  await writeFile(path, bytes, { mode: 0o600 })
  if (isRoot()) await chown(path, NOBODY, NOBODY)
}
