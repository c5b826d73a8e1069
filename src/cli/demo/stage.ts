import { rm } from 'node:fs/promises'
import { type Binaries, copyBinaries } from '../../embedded/binaries.js'
import { temporaryFolder } from '../../embedded/folders.js'
import { removeWhenOrphaned } from '../../embedded/orphan-guard.js'
import { EmbeddedServer } from '../../embedded/server.js'
import type { Board } from './board.js'
import { Product } from './product.js'

export interface StageOptions {
  /** Rows that each round puts through its flow; `undefined`: as many as come in `seconds`. */
  readonly rows: number | undefined
  /** Ends the load of a round after so long. */
  readonly seconds: number | undefined
}

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
  readonly #products: Product[] = []
  #binaries: Promise<Binaries> | undefined

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

  /** Starts `lockstep <args>` in the stage's folder. */
  product(
    args: readonly string[],
    options: { env?: Readonly<Record<string, string>>; log?(line: string): void } = {},
  ): Product {
    const product = new Product({ env: {}, ...options, args, cwd: this.folder })
    this.#products.push(product)
    return product
  }

  /** The product first: without its servers it would wait for them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#products.map((product) => product[Symbol.asyncDispose]()))
    await Promise.allSettled(this.#servers.map((server) => server[Symbol.asyncDispose]()))
    await this.#binaries?.then((binaries) => binaries[Symbol.asyncDispose]()).catch(() => undefined)
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined)
    this.#guard[Symbol.dispose]()
  }
}
