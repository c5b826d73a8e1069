import type { Batch, Items } from '../core/batch.js'
import type { DeadLetter, DeadLetterSink } from '../core/dead-letter.js'
import { DataError } from '../core/errors.js'
import { scrub } from '../core/secret.js'
import type { WriteContext } from '../core/sink.js'
import { type BadItem, bisect, pick } from './bisect.js'
import type { DescribedItem, Fault, Line } from './line.js'
import type { Settings } from './options.js'
import { type RetryScope, retry } from './retry.js'
import { SystemicError } from './systemic-error.js'

/** How often a batch may be refused without a bad item being found, as when a foreign key's row came in between. */
const MAX_FRUITLESS = 3

interface FaultyItem<Item> {
  readonly item: Item
  readonly fault: Fault
  readonly held: boolean
}

/** Takes the bad items out of one batch and makes dead letters of them. */
export class Quarantine<Item> {
  readonly #line: Line<Item>
  readonly #settings: Settings
  readonly #scope: RetryScope
  readonly #batch: Batch<Item>
  #found = 0
  #fruitless = 0

  constructor(line: Line<Item>, settings: Settings, scope: RetryScope, batch: Batch<Item>) {
    this.#line = line
    this.#settings = settings
    this.#scope = scope
    this.#batch = batch
  }

  /**
   * Answers the items without those that carry a fault, once these are durable as dead letters. Throws as `remove` does.
   */
  async withoutFaults(items: Items<Item>): Promise<Items<Item>> {
    const { deadLetters, faultOf } = this.#line
    if (faultOf === undefined) return items
    const faulty: FaultyItem<Item>[] = []
    const places = new Set<number>()
    let index = 0
    for (const item of items) {
      const fault = faultOf(item)
      if (fault !== undefined) {
        faulty.push({ item, fault, held: false })
        places.add(index)
      }
      index++
    }
    const first = faulty[0]?.fault
    if (first === undefined) return items
    const error = new DataError(first.code, first.reason)
    if (deadLetters === undefined) throw error
    this.#found += faulty.length
    if (this.#found > this.#maxBad())
      throw new SystemicError('batch-unreadable', this.#unreadable(first), { cause: error })
    await this.#keep(deadLetters, faulty, 1)
    return without(items, places)
  }

  /**
   * Answers the items that are left once the bad ones among `items` are durable as dead letters. Throws a
   * `SystemicError`, with nothing stored, when too many are bad; and `error` when there is no dead-letter store.
   */
  async remove(items: Items<Item>, error: DataError, context: Omit<WriteContext, 'signal'>): Promise<Items<Item>> {
    const { deadLetters } = this.#line
    if (deadLetters === undefined) throw error
    const bad = await this.#find(items, error, context)
    if (bad.length === 0) {
      if (++this.#fruitless >= MAX_FRUITLESS)
        throw new SystemicError('items-fail-together', `${this.#place()}${TOGETHER}`, { cause: error })
      return items
    }
    const letters = bad.map((found) => this.#faulty(found))
    this.#found += letters.filter(({ held }) => !held).length
    if (this.#found > this.#maxBad()) throw new SystemicError('batch-refused', this.#refused(error), { cause: error })
    await this.#keep(deadLetters, letters, context.attempt)
    return without(items, new Set(bad.map(({ index }) => index)))
  }

  #faulty({ item, error }: BadItem<Item>): FaultyItem<Item> {
    const fault: Fault = { stage: 'write', code: error.code, reason: error.message }
    return { item, fault, held: this.#line.holds?.(error.code) ?? false }
  }

  async #find(
    items: Items<Item>,
    error: DataError,
    context: Omit<WriteContext, 'signal'>,
  ): Promise<readonly BadItem<Item>[]> {
    const { sink, flow } = this.#line
    const probe = sink.probe?.bind(sink)
    if (probe === undefined) {
      // By contract a sink that cannot probe names all of its bad items.
      const named = new Set(error.bad ?? [])
      return [...items].flatMap((item, index) => (named.has(index) ? [{ index, item, error }] : []))
    }
    const { lane } = this.#batch
    const call = {
      lane,
      subject: this.#line.labels?.sink ?? 'sink',
      what: `a probe of ${lane} (flow ${flow})`,
      deadlineMs: this.#settings.writeDeadlineMs,
    }
    return bisect({
      items,
      error,
      // What is held does not count, and how much that will be is not known before it is found.
      maxBad: this.#line.holds === undefined ? this.#maxBad() - this.#found : Number.POSITIVE_INFINITY,
      probe: (part) => retry(this.#scope, call, (_attempt, signal) => probe(part, { ...context, signal })),
    })
  }

  async #keep(store: DeadLetterSink, bad: readonly FaultyItem<Item>[], attempts: number): Promise<void> {
    const { flow, describe = asJson } = this.#line
    const { lane, position } = this.#batch
    const letters = bad.map(
      ({ item, held, fault: { stage, code, reason } }): DeadLetter => ({
        flow,
        lane,
        stage,
        code,
        reason: scrub(reason),
        position,
        attempts,
        held,
        encoding: 'text',
        headers: {},
        origin: undefined,
        ...describe(item),
      }),
    )
    const call = {
      lane,
      subject: this.#line.labels?.sink ?? 'sink',
      what: `the dead letters of ${lane}`,
      deadlineMs: this.#settings.stateDeadlineMs,
    }
    await retry(this.#scope, call, () => store.store(letters))
    for (const some of [letters.filter((letter) => !letter.held), letters.filter((letter) => letter.held)]) {
      for (const [code, { count, reason, held }] of byCode(some))
        this.#scope.observer({ flow, type: 'dead-letters', lane, count, code, reason, held })
    }
  }

  #maxBad(): number {
    const { systemicMinItems, systemicShare } = this.#settings
    const total = this.#batch.items.length
    return total < systemicMinItems ? Number.POSITIVE_INFINITY : Math.floor(total * systemicShare)
  }

  #refused(error: DataError): string {
    const total = this.#batch.items.length
    return `${this.#place()}more than ${this.#maxBad()} of ${total} items are refused (${error.code}: ${scrub(error.message)}); compare the target's schema with what the flow maps to`
  }

  #unreadable({ code, reason }: Fault): string {
    return `${this.#place()}${this.#found} of ${this.#batch.items.length} items cannot be read (${code}: ${scrub(reason)}); compare what is published with what the flow decodes, validates and maps`
  }

  #place(): string {
    return `flow ${this.#line.flow}, lane ${this.#batch.lane}: `
  }
}

const TOGETHER =
  'the sink accepts each item alone but refuses them in one batch; look for duplicates and deferred constraints'

function without<Item>(items: Items<Item>, places: ReadonlySet<number>): Items<Item> {
  return pick(
    items,
    Array.from({ length: items.length }, (_, index) => index).filter((index) => !places.has(index)),
  )
}

function asJson(item: unknown): DescribedItem {
  const text = JSON.stringify(item, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  return { itemKey: text ?? 'null', payload: text ?? 'null' }
}

interface OfCode {
  count: number
  readonly reason: string
  readonly held: boolean
}

function byCode(letters: readonly DeadLetter[]): ReadonlyMap<string, OfCode> {
  const counts = new Map<string, OfCode>()
  for (const { code, reason, held } of letters) {
    const known = counts.get(code)
    if (known === undefined) counts.set(code, { count: 1, reason, held })
    else known.count++
  }
  return counts
}
