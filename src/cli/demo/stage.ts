import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Binaries, copyBinaries } from '../../embedded/binaries.js'
import { EmbeddedServer } from '../../embedded/server.js'
import type { Board } from './board.js'
import { Guardian } from './guardian.js'
import { Product } from './product.js'

export interface StageOptions {
  /** Rows that each round of a scene puts through its flow. */
  readonly rows: number
  /** Ends a round's load sooner. */
  readonly seconds: number | undefined
}

/**
 * What scenes play on: one temporary folder with everything in it, servers and processes of the product. All of it is
 * gone after dispose, and through the guardian also when the demo is killed.
 */
export class Stage implements AsyncDisposable {
  readonly board: Board
  readonly options: StageOptions
  /** Aborts on Ctrl-C or SIGTERM. */
  readonly ended: AbortSignal
  readonly folder: string
  readonly #guardian: Guardian
  readonly #servers: EmbeddedServer[] = []
  readonly #products: Product[] = []
  #binaries: Promise<Binaries> | undefined

  private constructor(
    folder: string,
    guardian: Guardian,
    scope: { board: Board; options: StageOptions; ended: AbortSignal },
  ) {
    this.folder = folder
    this.#guardian = guardian
    this.board = scope.board
    this.options = scope.options
    this.ended = scope.ended
  }

  static async open(scope: { board: Board; options: StageOptions; ended: AbortSignal }): Promise<Stage> {
    const guardian = new Guardian()
    const folder = await mkdtemp(join(tmpdir(), 'lockstep-demo-'))
    guardian.watchFolder(folder)
    // As root, the servers run as another user, who must be able to pass.
    await chmod(folder, 0o755)
    return new Stage(folder, guardian, scope)
  }

  /** A PostgreSQL server of its own, its data in `<folder>/<name>`. */
  async server(name: string): Promise<EmbeddedServer> {
    this.#binaries ??= copyBinaries(this.folder)
    const server = await EmbeddedServer.start(await this.#binaries, { dataFolder: join(this.folder, name) })
    this.#servers.push(server)
    // SIGQUIT: immediate shutdown, as nobody needs the data.
    if (server.pid !== undefined) this.#guardian.watchProcess(server.pid, 'SIGQUIT')
    return server
  }

  /** Starts `lockstep <args>` in the stage's folder. */
  product(
    args: readonly string[],
    options: { env?: Readonly<Record<string, string>>; log?(line: string): void } = {},
  ): Product {
    const product = new Product({ env: {}, ...options, args, cwd: this.folder, guardian: this.#guardian })
    this.#products.push(product)
    return product
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#products.map((product) => product[Symbol.asyncDispose]()))
    await Promise.allSettled(
      this.#servers.map(async (server) => {
        const { pid } = server
        await server[Symbol.asyncDispose]()
        if (pid !== undefined) this.#guardian.forgetProcess(pid)
      }),
    )
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined)
    this.#guardian.leave()
  }
}
