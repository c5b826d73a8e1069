import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Random } from '../hostile/random.js'

/** What a double of a store answers; the body is whole, as its requests are. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

export interface Asked {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

export interface HttpDouble extends AsyncDisposable {
  readonly endpoint: string
  /** Of the requests so many, by chance, are answered with 503, before or after they were done, or not at all. */
  failing: number
  /** Requests that came, by method. */
  readonly requests: Map<string, number>
}

const SEED = 5

/** Serves over HTTP on this machine; `answer` is called with one request after the other. */
export async function startHttpDouble(answer: (asked: Asked) => Answer, refused: Answer): Promise<HttpDouble> {
  const random = new Random(SEED)
  const double = { failing: 0, requests: new Map<string, number>() }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = 'GET', url = '/', headers } = request
      double.requests.set(method, (double.requests.get(method) ?? 0) + 1)
      const asked = { method, url: new URL(url, 'http://store'), headers, body: Buffer.concat(chunks) }
      const chance = random.next()
      if (chance >= double.failing) return send(response, answer(asked), method)
      if (chance < double.failing / 3) return send(response, refused, method)
      // The harder ones: it was done, and the client learns nothing or something else of it.
      const done = answer(asked)
      if (chance < (double.failing * 2) / 3) return send(response, refused, method)
      if (random.next() < 0.5 || method === 'HEAD') return void request.socket.destroy()
      const whole = Buffer.from(done.body ?? '')
      response.writeHead(done.status, { ...done.headers, 'content-length': String(whole.length + 1) })
      response.write(whole, () => request.socket.destroy())
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return Object.assign(double, {
    endpoint: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}

function send(response: ServerResponse, { status, headers = {}, body = '' }: Answer, method: string): void {
  const bytes = Buffer.from(body)
  const length = method === 'HEAD' ? {} : { 'content-length': String(bytes.length) }
  response.writeHead(status, { ...length, ...headers })
  response.end(method === 'HEAD' ? undefined : bytes)
}
