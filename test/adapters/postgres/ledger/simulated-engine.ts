import { LedgerSource } from '../../../../src/adapters/postgres/ledger/change-source.js'
import type { OwnTransactions } from '../../../../src/adapters/postgres/own-transactions.js'
import type { Batch, Position } from '../../../../src/core/batch.js'
import { UnavailableError } from '../../../../src/core/errors.js'
import type { Row } from '../../../../src/core/table.js'
import { type Network, SimulatedReader } from './simulated-reader.js'

/** Batches that wait to be stored, of a lane and of all, as in the engine. */
const PER_LANE = 2
const TOTAL = 4

/** What outlives a process: the other side's rows and the saved position. */
export interface OtherSide {
  readonly keys: Set<string>
  position: Position | undefined
  /** Own rows that came back. */
  echoes: number
  /** How often the source asked for a comparison. */
  comparisons: number
}

interface Waiting {
  readonly batch: Batch<Row>
  stored: boolean
}

/** A process that runs one direction as src/engine does, but for its waits: those are the test's to end. */
export class SimulatedEngine {
  readonly source: LedgerSource
  readonly readers: readonly [SimulatedReader, SimulatedReader]
  readonly #network: Network
  readonly #other: OtherSide
  readonly #process = new AbortController()
  #reading = new AbortController()
  readonly #lanes = new Map<string, Waiting[]>()
  readonly #sleepers: (() => void)[] = []
  #resting = false
  /** What no engine would survive. */
  failure: unknown

  constructor(network: Network, own: OwnTransactions, other: OtherSide, mostRemembered: number) {
    this.#network = network
    this.#other = other
    this.readers = [new SimulatedReader(network), new SimulatedReader(network)]
    this.source = new LedgerSource(
      {
        label: 'simulated',
        oid: '1',
        readers: this.readers,
        own,
        identify: async () => 'simulated',
        holder: async () => undefined,
        mostRemembered,
      },
      { flow: 'simulated', notice: () => {}, uncertain: () => this.#uncertain() },
    )
    const first = other.position === undefined
    void this.source.started(this.#process.signal).then(() => {
      if (first && !this.#process.signal.aborted) this.#compare()
    })
    void this.#run()
  }

  caughtUp(): Promise<void> {
    return this.source.caughtUp(this.#process.signal)
  }

  /** Stores the first batch of a lane, or acknowledges it when it is stored. */
  store(pick: number): void {
    const lanes = [...this.#lanes]
    const [name, queue] = lanes[pick % Math.max(1, lanes.length)] ?? []
    const first = queue?.[0]
    if (name === undefined || queue === undefined || first === undefined) return
    if (first.stored) {
      queue.shift()
      if (queue.length === 0) this.#lanes.delete(name)
      void this.source.acknowledge(first.batch)
    } else {
      first.stored = true
      for (const [key, own] of first.batch.items) {
        this.#other.keys.add(String(key))
        if (own !== null) this.#other.echoes++
      }
      if (first.batch.position !== undefined) this.#other.position = first.batch.position
    }
    this.#changed()
  }

  /** A lane fails: what waits is dropped and reading begins anew from the saved position. */
  failLane(): void {
    this.#lanes.clear()
    this.#reading.abort()
    this.#changed()
  }

  /** Ends the wait after an error. */
  goOn(): void {
    this.#resting = false
    this.#changed()
  }

  /** As SIGKILL: nothing is finished. */
  async kill(): Promise<void> {
    this.#process.abort()
    this.#reading.abort()
    this.#lanes.clear()
    this.#changed()
    await this.source[Symbol.asyncDispose]()
  }

  async #run(): Promise<void> {
    while (!this.#process.signal.aborted) {
      this.#reading = new AbortController()
      try {
        await this.#read(this.#reading.signal)
      } catch (error) {
        if (!(error instanceof UnavailableError)) this.failure ??= error
        this.#resting = true
        await this.#until(() => !this.#resting)
        // When the source goes away, the lanes finish what they have.
        await this.#until(() => this.#lanes.size === 0)
      }
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { position } = this.#other
    for await (const batch of this.source.read(new Map(position === undefined ? [] : [['sweep', position]]), signal)) {
      if (signal.aborted) return
      await this.#until(() => signal.aborted || (this.#lanes.get(batch.lane)?.length ?? 0) < PER_LANE)
      if (signal.aborted) return
      this.#lanes.set(batch.lane, [...(this.#lanes.get(batch.lane) ?? []), { batch, stored: false }])
      await this.#until(() => signal.aborted || this.#waiting() < TOTAL)
    }
  }

  #waiting(): number {
    return [...this.#lanes.values()].reduce((sum, queue) => sum + queue.length, 0)
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!this.#process.signal.aborted && !condition()) {
      await new Promise<void>((resolve) => {
        this.#sleepers.push(resolve)
      })
    }
  }

  #changed(): void {
    for (const resolve of this.#sleepers.splice(0)) resolve()
  }

  #uncertain(): void {
    this.#other.comparisons++
    this.#compare()
  }

  /** What a comparison of the tables does: afterwards every row that is there now is on the other side. */
  #compare(): void {
    for (const { tuple } of this.#network.server.visible()) this.#other.keys.add(tuple.key)
  }
}
