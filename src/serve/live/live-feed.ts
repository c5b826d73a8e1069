import { randomBytes } from 'node:crypto'
import type { LiveEvent } from '../../client/wire/server.js'
import type { Desk } from '../desk.js'
import { flowSummary } from '../flow-summary.js'
import { happeningOf } from '../stores/flow-events.js'
import type { StoredCounts } from '../stores/stored-counts.js'

const TICK_MS = 1_000
const HEARTBEAT_MS = 15_000
/** Happenings that come so soon after one another go out together: each write to each client costs more than its bytes. */
const TOGETHER_MS = 200
const TOGETHER_CHARACTERS = 64 * 1024
/** Happenings that a client which was away for a moment can still be told. */
const REMEMBERED = 500
/** What a client may leave unread; whoever is slower is dropped, and comes again. */
const MAX_UNREAD_BYTES = 1024 * 1024
const MAX_CLIENTS = 64

interface Remembered {
  readonly id: number
  readonly text: string
}

/**
 * Live updates as server-sent events: how all flows stand every second, and each happening at once, or with those of the
 * next 200 ms when there are many. Made once per event and not once per client; nothing is done while nobody listens.
 */
export class LiveFeed {
  readonly #desk: Desk
  readonly #counts: StoredCounts
  /** Ids of another process start mean nothing here. */
  readonly #epoch = randomBytes(4).toString('hex')
  readonly #clients = new Set<Client>()
  readonly #remembered: Remembered[] = []
  readonly #unsubscribe: () => void
  #last = 0
  #unsent = ''
  #together: NodeJS.Timeout | undefined
  #timer: NodeJS.Timeout | undefined
  #beatMs = 0
  #told = ''
  #toldMs = 0
  #toldId = 0

  constructor(desk: Desk, counts: StoredCounts) {
    this.#desk = desk
    this.#counts = counts
    this.#unsubscribe = desk.board.subscribe((happening) => {
      this.#last++
      const text = this.#format({ type: 'happening', happening: happeningOf(happening) }, this.#last)
      this.#remembered.push({ id: this.#last, text })
      if (this.#remembered.length > 2 * REMEMBERED) this.#remembered.splice(0, REMEMBERED)
      this.#soon(text)
    })
  }

  /**
   * `undefined`: there are too many already. `lastId`: of the last event that the client has seen. `hangUp` ends its
   * connection at once.
   */
  open(lastId: string | undefined, hangUp: () => void): ReadableStream<Uint8Array> | undefined {
    if (this.#clients.size >= MAX_CLIENTS) return undefined
    // It is told of these as what it missed.
    this.#flush()
    const client = new Client(() => this.#clients.delete(client), hangUp)
    this.#clients.add(client)
    client.send('retry: 2000\n\n')
    for (const text of this.#missed(lastId)) client.send(text)
    client.send(this.#flows())
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS)
    return client.stream
  }

  get clients(): number {
    return this.#clients.size
  }

  /** Ends all streams. */
  close(): void {
    this.#unsubscribe()
    clearInterval(this.#timer)
    this.#flush()
    clearTimeout(this.#together)
    for (const client of this.#clients) client.end()
    this.#clients.clear()
  }

  #soon(text: string): void {
    if (this.#clients.size === 0) return
    this.#unsent += text
    if (this.#together === undefined) {
      this.#flush()
      this.#gather()
    } else if (this.#unsent.length > TOGETHER_CHARACTERS) this.#flush()
  }

  #gather(): void {
    this.#together = setTimeout(() => {
      this.#together = undefined
      if (this.#unsent === '') return
      this.#flush()
      this.#gather()
    }, TOGETHER_MS)
  }

  #flush(): void {
    if (this.#unsent === '') return
    const text = this.#unsent
    this.#unsent = ''
    this.#send(text)
  }

  #tick(): void {
    if (this.#clients.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
      return
    }
    // In the background, so that a slow database delays nobody.
    for (const flow of this.#desk.flows.keys()) void this.#counts.of(flow)
    const beat = Date.now() - this.#beatMs >= HEARTBEAT_MS
    if (beat) this.#beatMs = Date.now()
    this.#flush()
    this.#send(`${beat ? ': alive\n\n' : ''}${this.#flows()}`)
  }

  /** Pages that are opened at one time are told the same. */
  #flows(): string {
    const nowMs = Date.now()
    if (nowMs - this.#toldMs < TOGETHER_MS && this.#toldId === this.#last) return this.#told
    this.#toldMs = nowMs
    this.#toldId = this.#last
    this.#told = this.#makeFlows()
    return this.#told
  }

  #makeFlows(): string {
    const flows = [...this.#desk.flows.keys()].map((name) => flowSummary(this.#desk, name, this.#counts.last(name)))
    return this.#format({ type: 'flows', flows }, this.#last)
  }

  #missed(lastId: string | undefined): readonly string[] {
    if (lastId === undefined) return []
    const [epoch, number = ''] = lastId.split('-')
    const seen = /^\d{1,15}$/.test(number) ? Number(number) : undefined
    const first = this.#remembered[0]?.id ?? this.#last + 1
    if (epoch !== this.#epoch || seen === undefined || seen > this.#last || seen + 1 < first) {
      return [this.#format({ type: 'reset' }, this.#last)]
    }
    return this.#remembered.filter(({ id }) => id > seen).map(({ text }) => text)
  }

  #format(event: LiveEvent, id: number): string {
    const { type, ...data } = event
    return `id: ${this.#epoch}-${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`
  }

  #send(text: string): void {
    if (this.#clients.size === 0) return
    const bytes = ENCODER.encode(text)
    for (const client of this.#clients) client.sendBytes(bytes)
  }
}

const ENCODER = new TextEncoder()

class Client {
  readonly stream: ReadableStream<Uint8Array>
  readonly #gone: () => void
  readonly #hangUp: () => void
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined

  constructor(gone: () => void, hangUp: () => void) {
    this.#gone = gone
    this.#hangUp = hangUp
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        cancel: () => this.#leave(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: MAX_UNREAD_BYTES }),
    )
  }

  send(text: string): void {
    this.sendBytes(ENCODER.encode(text))
  }

  sendBytes(bytes: Uint8Array): void {
    const controller = this.#controller
    if (controller === undefined) return
    if ((controller.desiredSize ?? 0) < bytes.length) {
      this.#leave()
      // What it left unread is let go of with the connection. An error in the stream would be printed by the server.
      this.#hangUp()
      return
    }
    controller.enqueue(bytes)
  }

  end(): void {
    const controller = this.#controller
    this.#leave()
    controller?.close()
  }

  #leave(): void {
    this.#controller = undefined
    this.#gone()
  }
}
