import type { Poll } from '../../../../src/adapters/postgres/ledger/ledger.js'
import { pageOf, type Reading, type Stretch } from '../../../../src/adapters/postgres/ledger/read.js'
import type { LedgerReader, TableReadOptions } from '../../../../src/adapters/postgres/ledger/reader.js'
import { fullXid, shortXid } from '../../../../src/adapters/postgres/ledger/snapshot.js'
import { ColumnarRows } from '../../../../src/adapters/postgres/rows/columnar.js'
import { UnavailableError } from '../../../../src/core/errors.js'
import type { PageRead, SimulatedServer } from './simulated-server.js'

/** A statement on its way: sent, run by the server, answered. Each is a step of its own. */
export interface Statement {
  /** On the server; what comes later does not change the answer. */
  run(): void
  readonly ran: boolean
  /** To the client. */
  answer(): void
}

/** What the server and all clients of it have in common. */
export class Network {
  readonly server: SimulatedServer
  /** Rows of one answer, at most. */
  readonly budgetRows: number
  statements: Statement[] = []
  #session = 0
  #alive = new Set<number>()

  constructor(server: SimulatedServer, budgetRows: number) {
    this.server = server
    this.budgetRows = budgetRows
  }

  connect(): number {
    this.#alive.add(++this.#session)
    return this.#session
  }

  isAlive(session: number): boolean {
    return this.#alive.has(session)
  }

  end(session: number): void {
    this.#alive.delete(session)
  }

  endAll(): void {
    this.#alive.clear()
  }
}

/** A reader as `Reader` is, on a simulated server. After a loss of its session it fails until it is opened again. */
export class SimulatedReader implements LedgerReader {
  readonly #network: Network
  #session = 0

  constructor(network: Network) {
    this.#network = network
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.#send(signal, () => {
      this.#session = this.#network.connect()
    })
  }

  poll(signal: AbortSignal): Promise<Poll> {
    return this.#steady(signal, () => this.#network.server.poll())
  }

  committed(_poll: Poll, signal: AbortSignal): Promise<void> {
    return this.#steady(signal, () => {})
  }

  read(stretch: Stretch, { ledger, poll, tail, below, signal }: TableReadOptions): Promise<Reading> {
    const exclude = tail === undefined ? ledger.exclusions() : ledger.tailExclusions(tail)
    const { floor } = ledger
    return this.#steady(signal, () => this.#read(stretch, { exclude, floor, below, xmax: poll.snapshot.xmax }))
  }

  lose(): void {
    this.#network.end(this.#session)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.lose()
  }

  #read(stretch: Stretch, options: Pick<PageRead, 'exclude' | 'floor' | 'below'> & { readonly xmax: number }): Reading {
    const { server, budgetRows } = this.#network
    const found = server.read({
      ...options,
      from: typeof stretch.from === 'number' ? stretch.from : placeOf(stretch.from.after),
      to: stretch.to,
    })
    const rows = found.slice(0, budgetRows)
    const last = rows.at(-1)
    const firstPages = new Map<number, number>()
    for (const { page, tuple } of rows) {
      const xid = fullXid(shortXid(tuple.xid), options.xmax + 2 ** 31)
      firstPages.set(xid, Math.min(page, firstPages.get(xid) ?? page))
    }
    return {
      rows: ColumnarRows.from(
        rows.map(({ tuple }) => [tuple.key, tuple.own ? 'own' : null]),
        2,
      ),
      xids: [...firstPages.keys()],
      filenode: server.filenode,
      firstPages: [...firstPages.values()],
      resume: found.length <= budgetRows || last === undefined ? undefined : `(${last.page},${last.slot})`,
    }
  }

  #steady<Result>(signal: AbortSignal, work: () => Result): Promise<Result> {
    return this.#send(signal, () => {
      if (!this.#network.isAlive(this.#session)) throw new UnavailableError('connection-lost', 'simulated: lost')
      return work()
    })
  }

  #send<Result>(signal: AbortSignal, work: () => Result): Promise<Result> {
    const network = this.#network
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        remove()
        this.lose()
        reject(new UnavailableError('aborted', 'simulated: aborted'))
      }
      const remove = (): void => {
        signal.removeEventListener('abort', abort)
        network.statements = network.statements.filter((other) => other !== statement)
      }
      let outcome: (() => void) | undefined
      const statement: Statement = {
        run: () => {
          outcome = attempt(work, resolve, reject)
        },
        get ran() {
          return outcome !== undefined
        },
        answer: () => {
          remove()
          outcome?.()
        },
      }
      network.statements.push(statement)
      if (signal.aborted) abort()
      else signal.addEventListener('abort', abort, { once: true })
    })
  }
}

/** How the statement ended, to be told later. */
function attempt<Result>(
  work: () => Result,
  resolve: (result: Result) => void,
  reject: (error: unknown) => void,
): () => void {
  try {
    const result = work()
    return () => resolve(result)
  } catch (error) {
    return () => reject(error)
  }
}

function placeOf(tid: string): { page: number; slot: number } {
  return { page: pageOf(tid), slot: Number(tid.slice(tid.indexOf(',') + 1, -1)) }
}
