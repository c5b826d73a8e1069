import { vi } from 'vitest'
import { OwnTransactions } from '../../../../src/adapters/postgres/own-transactions.js'
import { type OtherSide, SimulatedEngine } from './simulated-engine.js'
import { Network } from './simulated-reader.js'
import { chosen, type Placement, SimulatedServer, type Transaction } from './simulated-server.js'
import { type Step, WRITERS } from './simulation-steps.js'

/** Rounds after which a ledger that has not caught up never will. */
const MOST_ROUNDS = 2_000

export interface SimulationOptions {
  /** Rows of a page. */
  readonly capacity: number
  /** Rows of one answer. */
  readonly budgetRows: number
  readonly mostRemembered: number
}

export interface Outcome {
  /** Rows of others in the table that the other side never got. */
  readonly missing: readonly string[]
  /** Rows of our own that were sent back. */
  readonly echoes: number
  /** How often the ledger gave up and asked for a comparison. */
  readonly comparisons: number
}

/** Plays the steps, then lets the writers end and the ledger catch up. Time is faked; the caller restores it. */
export async function simulate(steps: readonly Step[], options: SimulationOptions): Promise<Outcome> {
  const simulation = new Simulation(options)
  try {
    for (const step of steps) {
      await simulation.play(step)
      await settle()
    }
    return await simulation.finish()
  } finally {
    await simulation.end()
  }
}

export function fakeTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'], now: 1_700_000_000_000 })
}

/** Resolves when every promise that could go on has. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

class Simulation {
  readonly #options: SimulationOptions
  readonly #network: Network
  readonly #own = new OwnTransactions()
  readonly #other: OtherSide = { keys: new Set(), position: undefined, echoes: 0, comparisons: 0 }
  readonly #writers: (Transaction | undefined)[] = new Array(WRITERS).fill(undefined)
  #ownTransaction: { readonly transaction: Transaction; announced: boolean } | undefined
  #engine: SimulatedEngine

  constructor(options: SimulationOptions) {
    this.#options = options
    this.#network = new Network(new SimulatedServer(options.capacity), options.budgetRows)
    this.#engine = this.#start()
  }

  async play(step: Step): Promise<void> {
    switch (step.kind) {
      case 'run':
        return chosen(this.#statements(false), step.pick)?.run()
      case 'answer':
        return chosen(this.#statements(true), step.pick)?.answer()
      case 'store':
        return this.#engine.store(step.pick)
      case 'progress':
      case 'serve':
        return this.#progress(step.rounds, step.kind === 'progress')
      case 'wait':
        return void vi.advanceTimersByTime(step.ms)
      case 'go-on':
        return this.#engine.goOn()
      case 'fail-lane':
        return this.#engine.failLane()
      case 'disconnect':
        return this.#engine.readers[step.reader].lose()
      case 'kill':
        await this.#engine.kill()
        this.#engine = this.#start()
        return
      default:
        return this.#onServer(step)
    }
  }

  async finish(): Promise<Outcome> {
    for (const transaction of this.#writers) if (transaction !== undefined) this.#server.commit(transaction, true)
    this.#announce()
    await this.#progress(3, true)
    this.#commitOwn()
    let caughtUp = false
    void this.#engine.caughtUp().then(() => {
      caughtUp = true
    })
    for (let rounds = 0; !caughtUp; rounds++) {
      if (this.#engine.failure !== undefined) throw this.#engine.failure
      if (rounds > MOST_ROUNDS) throw new Error('the ledger never caught up')
      await this.#progress(1, true)
    }
    const missing = this.#server.visible().filter(({ tuple }) => !tuple.own && !this.#other.keys.has(tuple.key))
    const { echoes, comparisons } = this.#other
    return { missing: missing.map(({ tuple }) => tuple.key), echoes, comparisons }
  }

  async end(): Promise<void> {
    await this.#engine.kill()
    await settle()
  }

  get #server(): SimulatedServer {
    return this.#network.server
  }

  #start(): SimulatedEngine {
    return new SimulatedEngine(this.#network, this.#own, this.#other, this.#options.mostRemembered)
  }

  #statements(ran: boolean) {
    return this.#network.statements.filter((statement) => statement.ran === ran)
  }

  async #progress(rounds: number, storing: boolean): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      for (const statement of this.#statements(false)) statement.run()
      for (const statement of this.#statements(true)) statement.answer()
      this.#engine.goOn()
      if (storing) for (const lane of [0, 1]) this.#engine.store(round + lane)
      await settle()
      vi.advanceTimersByTime(5)
      await settle()
    }
  }

  #onServer(step: Step): void {
    const server = this.#server
    switch (step.kind) {
      case 'delete':
        server.deleteOne(step.pick)
        break
      case 'vacuum':
        server.vacuum(step.shorten)
        break
      case 'rewrite':
        server.rewrite(step.reverse)
        break
      case 'truncate':
        server.truncate()
        break
      case 'flush':
        server.flushSome()
        break
      case 'crash':
        this.#crash()
        break
      case 'own-insert':
        this.#writeOwn(step.placement)
        break
      case 'own-announce':
        this.#announce()
        break
      case 'own-commit':
        this.#commitOwn()
        break
      default:
        if ('writer' in step) this.#onTransaction(step, this.#transactionOf(step.writer))
    }
  }

  #onTransaction(step: Step & { readonly writer: number }, transaction: Transaction): void {
    const server = this.#server
    switch (step.kind) {
      case 'insert':
        server.insert(transaction, step.writer, step.placement)
        break
      case 'savepoint':
        server.savepoint(transaction)
        break
      case 'release':
        server.release(transaction)
        break
      case 'roll-back-to':
        server.rollBackTo(transaction)
        break
      case 'roll-back':
        server.rollBack(transaction)
        this.#writers[step.writer] = undefined
        break
      case 'commit':
        server.commit(transaction, step.synchronous)
        this.#writers[step.writer] = undefined
    }
  }

  #transactionOf(writer: number): Transaction {
    const transaction = this.#writers[writer] ?? this.#server.begin(false)
    this.#writers[writer] = transaction
    return transaction
  }

  #writeOwn(placement: Placement): void {
    this.#ownTransaction ??= { transaction: this.#server.begin(true), announced: false }
    const { transaction, announced } = this.#ownTransaction
    if (!announced) this.#server.insert(transaction, WRITERS, placement)
  }

  #announce(): void {
    const own = this.#ownTransaction
    if (own === undefined || own.announced) return
    own.announced = true
    this.#own.announce(String(this.#server.assign(own.transaction)))
  }

  /** Only what was announced is committed, and it is on disk. */
  #commitOwn(): void {
    const own = this.#ownTransaction
    if (!own?.announced) return
    this.#server.commit(own.transaction, true)
    this.#ownTransaction = undefined
  }

  #crash(): void {
    this.#server.crash()
    this.#network.endAll()
    this.#writers.fill(undefined)
    this.#ownTransaction = undefined
  }
}
