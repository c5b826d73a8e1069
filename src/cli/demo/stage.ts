import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Binaries, copyBinaries } from '../../embedded/binaries.js'
import { temporaryFolder } from '../../embedded/folders.js'
import { removeWhenOrphaned } from '../../embedded/orphan-guard.js'
import { EmbeddedServer } from '../../embedded/server.js'
import type { Board } from './board.js'
import { LOCKSTEP, Program, type ProgramOptions } from './program.js'

export interface StageOptions {
  /** Rows that each round puts through its flow; `undefined`: as many as come in `seconds`. */
  readonly rows: number | undefined
  /** Ends the load of a round after so long. */
  readonly seconds: number | undefined
}

export type StartOptions = Partial<Omit<ProgramOptions, 'args'>>

interface Scope {
  readonly board: Board
  readonly options: StageOptions
  /** Aborts on Ctrl-C or SIGTERM. */
  readonly ended: AbortSignal
}

/**
 * What scenes play on: a temporary folder with the config, servers, and processes of the product. All of it is gone
 * after dispose, and also when the demo is killed.
 */
export class Stage implements AsyncDisposable {
  readonly board: Board
  readonly options: StageOptions
  readonly ended: AbortSignal
  readonly folder: string
  readonly #guard: Disposable
  readonly #servers: EmbeddedServer[] = []
  readonly #programs: Program[] = []
  #binaries: Promise<Binaries> | undefined
  #state: Promise<EmbeddedServer> | undefined

  private constructor(folder: string, { board, options, ended }: Scope) {
    this.folder = folder
    this.#guard = removeWhenOrphaned(folder)
    this.board = board
    this.options = options
    this.ended = ended
  }

  static async open(scope: Scope): Promise<Stage> {
    return new Stage(await temporaryFolder('lockstep-demo-'), scope)
  }

  /** A new PostgreSQL server. */
  async server(): Promise<EmbeddedServer> {
    this.#binaries ??= copyBinaries()
    const server = await EmbeddedServer.start(await this.#binaries)
    this.#servers.push(server)
    return server
  }

  /** Where flows that only read keep their runs, in a database of its own. */
  async stateUrl(): Promise<string> {
    this.#state ??= this.server()
    return (await this.#state).url()
  }

  /** The config of an example with a state database, as the examples that only read have none. */
  async withState(scene: { readonly name: string }, config: string): Promise<string> {
    const file = join(await this.folderOf(scene), 'lockstep.config.ts')
    const text = [
      `import { postgres } from 'lockstep/postgres'`,
      `import example from ${JSON.stringify(config)}`,
      `export default { ...example, state: postgres(${JSON.stringify(await this.stateUrl())}) }\n`,
    ]
    await writeFile(file, text.join('\n'))
    return file
  }

  /** A folder of the scene's own. */
  async folderOf(scene: { readonly name: string }): Promise<string> {
    const folder = join(this.folder, scene.name)
    await mkdir(folder, { recursive: true })
    return folder
  }

  /** Starts `lockstep <args>`; by default in the stage's folder. */
  product(args: readonly string[], options: StartOptions = {}): Program {
    return this.program([...LOCKSTEP, ...args], options)
  }

  /** Starts `node <args>`. */
  program(args: readonly string[], options: StartOptions = {}): Program {
    const program = new Program({ env: {}, cwd: this.folder, ...options, args })
    this.#programs.push(program)
    return program
  }

  /** Programs first: without its servers the product would wait for them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#programs.map((program) => program[Symbol.asyncDispose]()))
    await Promise.allSettled(this.#servers.map((server) => server[Symbol.asyncDispose]()))
    await this.#binaries?.then((binaries) => binaries[Symbol.asyncDispose]()).catch(() => undefined)
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined)
    this.#guard[Symbol.dispose]()
  }
}
