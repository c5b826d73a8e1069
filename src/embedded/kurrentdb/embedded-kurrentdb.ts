import { once } from 'node:events'
import { createServer, type Server as NetServer, type Socket } from 'node:net'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { freePort } from '../free-port.js'
import { EventLog } from './event-log.js'
import { Groups } from './group-service.js'
import { addServices } from './services.js'

export interface EmbeddedKurrentdbOptions {
  /** Gives out every n-th event of a persistent subscription once more after its acknowledgement. Default 0: none. */
  readonly duplicateEvery?: number
  /** PEM text; the url then says `tls=true`. Default: not encrypted. */
  readonly tls?: { readonly key: string; readonly certificate: string }
  /** Whoever does not say so is refused. Needs `tls`, as clients send credentials over nothing else. */
  readonly login?: { readonly user: string; readonly password: string }
}

/**
 * Speaks KurrentDB's gRPC protocol to its real clients, with everything in memory: streams, `$all`, filters, links,
 * catch-up and persistent subscriptions, expected revisions, tombstones. For the demo and the tests; it starts in
 * milliseconds.
 *
 * It is a double, not a database. Nothing is written to disk, there is no cluster, no projection, no user, no scavenge and
 * no metadata (`$maxAge`, access lists), and events with ids that are there already are appended again. Its checkpoints
 * are as frequent as a server's, but not at the same places.
 */
export class EmbeddedKurrentdb implements AsyncDisposable {
  readonly port: number
  /** Calls of any kind since the start. */
  requests = 0
  readonly #options: EmbeddedKurrentdbOptions
  readonly #log = new EventLog()
  readonly #groups: Groups
  readonly #sockets = new Set<Socket>()
  #listener: NetServer | undefined
  #server: Server | undefined

  private constructor(port: number, options: EmbeddedKurrentdbOptions) {
    this.port = port
    this.#options = options
    this.#groups = new Groups(this.#log, options.duplicateEvery ?? 0)
  }

  static async start(options: EmbeddedKurrentdbOptions = {}): Promise<EmbeddedKurrentdb> {
    const started = new EmbeddedKurrentdb(await freePort(), options)
    await started.restart()
    return started
  }

  /** A connection string for the client. */
  get url(): string {
    return `kurrentdb://127.0.0.1:${this.port}?tls=${this.#options.tls !== undefined}`
  }

  /** Cuts every connection and takes no more. What was appended stays, as on a disk. */
  async kill(): Promise<void> {
    const listener = this.#listener
    this.#listener = undefined
    const closed = listener === undefined ? undefined : once(listener, 'close')
    listener?.close()
    this.disconnect()
    this.#server?.forceShutdown()
    this.#server = undefined
    await closed
  }

  /** Cuts every connection; clients may come back at once. */
  disconnect(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  /** Listens again, at the same port. */
  async restart(): Promise<void> {
    await this.kill()
    const server = new Server({ 'grpc.max_receive_message_length': 32 * 1024 * 1024 })
    const { login } = this.#options
    addServices(server, {
      log: this.#log,
      groups: this.#groups,
      port: this.port,
      login,
      called: () => {
        this.requests++
      },
    })
    const injector = server.createConnectionInjector(this.#credentials())
    const listener = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => undefined).once('close', () => this.#sockets.delete(socket))
      injector.injectConnection(socket)
    })
    listener.listen(this.port, '127.0.0.1')
    await once(listener, 'listening')
    this.#listener = listener
    this.#server = server
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    this.#groups.end()
  }

  #credentials(): ServerCredentials {
    const { tls } = this.#options
    if (tls === undefined) return ServerCredentials.createInsecure()
    return ServerCredentials.createSsl(null, [
      { private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.certificate) },
    ])
  }
}
