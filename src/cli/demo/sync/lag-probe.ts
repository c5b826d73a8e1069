import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { Oracle } from './oracle.js'
import type { Sides } from './sides.js'

/** How exact a measured lag is. */
const LOOK_EVERY_MS = 4
const INSERT_EVERY_MS = 40

interface Side {
  /** Of their own, so that looking never waits for an insert. */
  readonly writer: Oracle
  readonly reader: Oracle
  /** Rows committed on the other side and not seen on this one: when they were committed. */
  readonly awaited: Map<string, number>
}

/**
 * Measures the lag as a reader meets it: rows are committed at a steady pace, each on a side picked at random, and looked
 * for on the other until they are there. It asks nothing of the product, and costs the servers a look-up by key every few
 * milliseconds.
 */
export class LagProbe implements AsyncDisposable {
  /** Rows it has put in, all of them committed. */
  rows = 0
  /** From the start to the first row that came across, in ms; that includes the start of the process. */
  firstMs: number | undefined
  readonly #startMs = performance.now()
  readonly #sides: Sides<Side>
  readonly #lagsMs: number[] = []
  readonly #ended = new AbortController()
  readonly #looking: Promise<unknown>

  private constructor(sides: Sides<Side>) {
    this.#sides = sides
    this.#looking = Promise.allSettled([this.#look(sides.left), this.#look(sides.right)])
  }

  static async connect(urls: Sides<string>): Promise<LagProbe> {
    return new LagProbe({ left: await openSide(urls.left), right: await openSide(urls.right) })
  }

  /** Puts rows in until `signal` aborts. What is on its way then is looked for until dispose. */
  async run(signal: AbortSignal): Promise<void> {
    const { left, right } = this.#sides
    while (!signal.aborted) {
      const [from, to] = Math.random() < 0.5 ? [left, right] : [right, left]
      const id = randomUUID()
      await from.writer.insert(id, `probe ${id}`)
      to.awaited.set(id, performance.now())
      this.rows++
      await delay(INSERT_EVERY_MS)
    }
  }

  get samples(): number {
    return this.#lagsMs.length
  }

  /** The lag, in ms, that this share of the rows did not exceed; `undefined` before there is one. */
  percentileMs(share: number): number | undefined {
    const sorted = this.#lagsMs.toSorted((a, b) => a - b)
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort()
    await this.#looking
    const { left, right } = this.#sides
    const oracles = [left.writer, left.reader, right.writer, right.reader]
    await Promise.all(oracles.map((oracle) => oracle[Symbol.asyncDispose]()))
  }

  async #look({ reader, awaited }: Side): Promise<void> {
    while (!this.#ended.signal.aborted) {
      if (awaited.size > 0) {
        const seen = await reader.seen([...awaited.keys()])
        for (const id of seen) this.#arrived(awaited.get(id) ?? 0)
        for (const id of seen) awaited.delete(id)
      }
      await delay(LOOK_EVERY_MS)
    }
  }

  #arrived(committedMs: number): void {
    const nowMs = performance.now()
    this.firstMs ??= nowMs - this.#startMs
    // What was committed before anything came across waited for the process to start; that is no lag.
    if (committedMs > this.#startMs + this.firstMs) this.#lagsMs.push(nowMs - committedMs)
  }
}

async function openSide(url: string): Promise<Side> {
  return { writer: await Oracle.connect(url), reader: await Oracle.connect(url), awaited: new Map() }
}
