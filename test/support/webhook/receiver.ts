import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { fileURLToPath } from 'node:url'

const fixture = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../tls/${name}`, import.meta.url)), 'utf8')

/** Signed the certificate of every receiver, which is of `localhost`. */
export const RECEIVER_CA = fixture('trusted-ca.pem')
export const OTHER_CA = fixture('other-ca.pem')

export interface Received {
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

export interface Reply {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** `path`: what was asked for, as servers do that say what they did not find. */
  readonly body?: string | ((received: Received) => string)
  /** Says nothing, or nothing after the head. */
  readonly hangs?: 'at once' | 'after the head'
}

/** An HTTPS server of this machine that takes alerts: `await using receiver = await Receiver.start()`. */
export class Receiver implements AsyncDisposable {
  readonly received: Received[] = []
  /** What comes back, one after the other; the last one again and again. */
  replies: Reply[] = [{}]
  connections = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server) {
    this.#server = server
    server.on('secureConnection', (socket) => {
      this.connections++
      this.#sockets.add(socket)
    })
  }

  static async start(): Promise<Receiver> {
    const server = createServer({ cert: fixture('server.pem'), key: fixture('server.key') })
    const receiver = new Receiver(server)
    server.on('request', (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { url: path = '', headers } = request
        const one = { path, headers, body: Buffer.concat(chunks).toString() }
        receiver.received.push(one)
        const reply = receiver.replies.length > 1 ? receiver.replies.shift() : receiver.replies[0]
        const { status = 200, headers: head = {}, body = 'ok', hangs } = reply ?? {}
        if (hangs === 'at once') return
        response.writeHead(status, head)
        if (hangs === 'after the head') response.write('slow')
        else response.end(typeof body === 'string' ? body : body(one))
      })
    })
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
    return receiver
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  url(path = '/services/T0/B0/x'): string {
    return `https://localhost:${this.port}${path}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
