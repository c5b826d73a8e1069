import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { COMMIT, deferred, type Fault, isDeaf } from './fault.js'
import type { Spotter } from './statement-spotter.js'

type Side = 'server' | 'client'

/** How statements and their answers are told apart on the wire. */
export interface WireProtocol {
  statementSpotter(matches: (sql: string) => boolean): Spotter
  /** To be made when the server owes nothing more; sees the end of its next answer. */
  readySpotter(): Spotter
}

/** What a link asks of its proxy. */
interface Weather {
  readonly protocol: WireProtocol
  readonly fault: Fault
  readonly changed: Promise<void>
  wasCut(): void
}

/** In flight in each direction; more is left in the sender's buffers, as on a real network. */
const WINDOW_BYTES = 1 << 20
const NOTHING = Buffer.alloc(0)

/** One proxied connection: a client, a server, and what the weather does to the bytes between them. */
export class Link {
  readonly closed: Promise<void>
  readonly #client: Socket
  readonly #server: Socket
  readonly #weather: Weather
  readonly #gone = deferred()
  readonly #statement: Spotter
  /** Set from the moment a statement was let through whose answer must not be. */
  #answer: Spotter | undefined
  #over = false

  constructor(client: Socket, target: { host: string; port: number }, weather: Weather) {
    this.#client = client
    this.#weather = weather
    this.#server = connect({ ...target, allowHalfOpen: true, noDelay: true })
    this.#statement = weather.protocol.statementSpotter((sql) => {
      const { fault } = weather
      return fault.kind === 'cut' && (fault.statement ?? COMMIT).test(sql)
    })
    // Errors end the iterations below; a socket without a listener would end the process.
    for (const socket of [client, this.#server]) socket.on('error', () => undefined)
    this.closed = Promise.all([
      this.#carry(client, this.#server, 'server'),
      this.#carry(this.#server, client, 'client'),
    ]).then(() => this.reset())
  }

  /** RST to both ends. */
  reset(): void {
    this.#over = true
    this.#gone.resolve()
    this.#client.resetAndDestroy()
    this.#server.resetAndDestroy()
  }

  async #carry(from: Socket, to: Socket, side: Side): Promise<void> {
    const queue = new Queue(from)
    for (;;) {
      const sent = await queue.next(this.#gone.promise)
      if (this.#over) return
      if (sent === undefined) break
      await this.#pass(sent, to, side)
    }
    await this.#clear(side)
    if (from.errored === null) to.end()
    else this.reset()
  }

  async #pass(sent: Sent, to: Socket, side: Side): Promise<void> {
    await this.#clear(side)
    const { fault } = this.#weather
    if (fault.kind === 'slow') {
      const lateMs = Math.max(0, sent.sentMs + (fault.latencyMs ?? 0) - performance.now())
      const sendMs = fault.bytesPerSecond === undefined ? 0 : (sent.chunk.length / fault.bytesPerSecond) * 1000
      if (lateMs + sendMs > 0) await Promise.race([delay(lateMs + sendMs), this.#gone.promise])
      await this.#clear(side)
    }
    if (this.#over || to.destroyed) return
    const chunk = side === 'server' ? this.#inspectRequest(sent.chunk) : this.#inspectAnswer(sent.chunk)
    if (chunk.length > 0 && !to.write(chunk)) {
      // `once` rejects when an error comes first; the iteration on that socket sees it too.
      const settled = (event: string): Promise<unknown> => once(to, event).catch(() => undefined)
      await Promise.race([settled('drain'), settled('close'), this.#gone.promise])
    }
  }

  /** Resolves when nothing stops what goes to `side`. */
  async #clear(side: Side): Promise<void> {
    while (!this.#over && isDeaf(this.#weather.fault, side)) {
      await Promise.race([this.#weather.changed, this.#gone.promise])
    }
  }

  #inspectRequest(chunk: Buffer): Buffer {
    const { fault } = this.#weather
    if (!this.#statement.sees(chunk) || fault.kind !== 'cut') return chunk
    if (fault.when === 'after') {
      this.#answer ??= this.#weather.protocol.readySpotter()
      return chunk
    }
    this.#cut()
    return NOTHING
  }

  #inspectAnswer(chunk: Buffer): Buffer {
    if (this.#answer === undefined) return chunk
    if (this.#answer.sees(chunk)) this.#cut()
    return NOTHING
  }

  #cut(): void {
    this.#weather.wasCut()
    this.reset()
  }
}

interface Sent {
  readonly chunk: Buffer
  readonly sentMs: number
}

/** What a socket has sent, with the time it did; reads on even when nothing is taken, up to the window. */
class Queue {
  readonly #from: Socket
  readonly #sent: Sent[] = []
  #bytes = 0
  #ended = false
  #news = deferred()

  constructor(from: Socket) {
    this.#from = from
    from.on('data', (chunk: Buffer) => {
      this.#sent.push({ chunk, sentMs: performance.now() })
      this.#bytes += chunk.length
      if (this.#bytes > WINDOW_BYTES) from.pause()
      this.#news.resolve()
    })
    const end = (): void => {
      this.#ended = true
      this.#news.resolve()
    }
    from.once('end', end).once('close', end)
  }

  /** The next chunk; `undefined` when the socket has ended or when `gone` comes first. */
  async next(gone: Promise<void>): Promise<Sent | undefined> {
    while (this.#sent.length === 0 && !this.#ended) {
      this.#news = deferred()
      if ((await Promise.race([this.#news.promise.then(() => true), gone.then(() => false)])) === false)
        return undefined
    }
    const next = this.#sent.shift()
    if (next !== undefined) this.#bytes -= next.chunk.length
    if (this.#bytes <= WINDOW_BYTES) this.#from.resume()
    return next
  }
}
