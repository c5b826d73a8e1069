import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Random } from '../hostile/random.js'

/** What becomes of a request that fails. `after`: the server has done it, and the client learns nothing or something else. */
const FAILURES = [
  { when: 'before', how: 500 },
  { when: 'before', how: 503 },
  { when: 'before', how: 'reset' },
  { when: 'after', how: 500 },
  { when: 'after', how: 'reset' },
  { when: 'after', how: 'cut' },
] as const
type Failure = (typeof FAILURES)[number]

export interface FailingProxy extends AsyncDisposable {
  readonly endpoint: string
  /** Requests that were made to fail, and all. */
  readonly count: { failed: number; asked: number }
}

export interface FailingOptions {
  /** Share of the requests that fail. */
  readonly failing: number
  readonly seed: number
  /** Answers are cut in the middle; default true. */
  readonly cuts?: boolean
}

/** Stands before a server that speaks HTTP, in this process, and makes requests fail by chance; the chances follow from the seed. */
export async function startFailingProxy(
  target: string,
  { failing, seed, cuts = true }: FailingOptions,
): Promise<FailingProxy> {
  const random = new Random(seed)
  const failures = FAILURES.filter(({ how }) => cuts || how !== 'cut')
  const count = { failed: 0, asked: 0 }
  const server = createServer((request, response) => {
    count.asked += 1
    const failure = random.chance(failing) ? random.pick(failures) : undefined
    if (failure !== undefined) count.failed += 1
    if (failure?.when === 'before') request.resume().once('end', () => fail(request, response, failure))
    else pass(target, { request, response }, failure)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `http://127.0.0.1:${port}`,
    count,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function fail(request: IncomingMessage, response: ServerResponse, { how }: Failure): void {
  if (typeof how === 'number') response.writeHead(how, { 'content-length': '0' }).end()
  else request.socket.resetAndDestroy()
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** With the head as it came, so that what is signed stays so. */
function pass(target: string, { request, response }: Exchange, failure: Failure | undefined): void {
  const { method = 'GET', url = '/', headers } = request
  const asked = ask(new URL(url, target), { method, headers, path: url, setHost: false }, (answer) => {
    if (failure !== undefined && failure.how !== 'cut') {
      return void answer.resume().once('end', () => fail(request, response, failure))
    }
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    if (failure === undefined) return void answer.pipe(response)
    // Half of the first piece, or nothing but the head.
    response.flushHeaders()
    answer.once('data', (bytes: Buffer) => response.write(bytes.subarray(0, bytes.length >> 1)))
    answer.once('end', () => request.socket.destroy())
  })
  asked.once('error', () => request.socket.destroy())
  request.pipe(asked)
}
