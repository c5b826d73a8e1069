import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { type Deferred, deferred, type Fault } from './fault.js'
import { Link, type WireProtocol } from './fault-link.js'
import * as mysqlWire from './mysql-spotter.js'
import * as postgresWire from './statement-spotter.js'

const PORTS: Readonly<Record<string, number>> = { 'mysql:': 3306 }

/** A TCP proxy before a PostgreSQL or MySQL server, to break the connections of tests. One proxy stands for one network link. */
export class FaultProxy implements AsyncDisposable {
  readonly port: number
  readonly protocol: WireProtocol
  readonly #target: URL
  readonly #server: Server
  readonly #links = new Set<Link>()
  #fault: Fault = { kind: 'none' }
  #changed: Deferred = deferred()
  #ticker: NodeJS.Timeout | undefined
  /** Connections cut by the `cut` fault since the proxy was started. */
  cuts = 0
  /** Connections accepted since the proxy was started. */
  accepted = 0

  private constructor(target: URL, server: Server, port: number) {
    this.#target = target
    this.protocol = target.protocol === 'mysql:' ? mysqlWire : postgresWire
    this.#server = server
    this.port = port
    server.on('connection', (client) => this.#accept(client))
  }

  /** @param target URL of the server, e.g. `EmbeddedServer.url()`. */
  static async start(target: string): Promise<FaultProxy> {
    const server = createServer({ allowHalfOpen: true, noDelay: true })
    const port = await listen(server, 0)
    return new FaultProxy(new URL(target), server, port)
  }

  /** The target's URL, through the proxy. */
  get url(): string {
    const url = new URL(this.#target)
    url.host = `127.0.0.1:${this.port}`
    return url.href
  }

  get fault(): Fault {
    return this.#fault
  }

  /** Resolves when the fault changes. */
  get changed(): Promise<void> {
    return this.#changed.promise
  }

  /** Connections open at this moment. */
  get open(): number {
    return this.#links.size
  }

  async set(fault: Fault): Promise<void> {
    clearInterval(this.#ticker)
    this.#ticker = fault.kind === 'reset-every' ? setInterval(() => this.resetAll(), fault.everyMs) : undefined
    this.#fault = fault
    const changed = this.#changed
    this.#changed = deferred()
    changed.resolve()
    if (fault.kind === 'refuse') this.#server.close()
    else if (!this.#server.listening) await listen(this.#server, this.port)
  }

  /** RST to both ends of every connection. */
  resetAll(): void {
    for (const link of this.#links) link.reset()
  }

  /** Called by a link that was cut: counts it, and ends the fault when its `times` are used up. */
  wasCut(): void {
    this.cuts += 1
    if (this.#fault.kind !== 'cut') return
    const left = (this.#fault.times ?? 1) - 1
    this.#fault = left > 0 ? { ...this.#fault, times: left } : { kind: 'none' }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#ticker)
    this.resetAll()
    if (!this.#server.listening) return
    this.#server.close()
    await once(this.#server, 'close')
  }

  #accept(client: Socket): void {
    this.accepted += 1
    const { hostname: host, port, protocol } = this.#target
    const link = new Link(client, { host, port: Number(port || (PORTS[protocol] ?? 5432)) }, this)
    this.#links.add(link)
    void link.closed.then(() => this.#links.delete(link))
  }
}

export function startFaultProxy(target: string): Promise<FaultProxy> {
  return FaultProxy.start(target)
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  return address.port
}
