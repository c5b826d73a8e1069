import type { Batch, Items } from '../../core/batch.js'
import { DataError } from '../../core/errors.js'
import type { Sink, WriteContext } from '../../core/sink.js'
import { MemoryCheckpointStore } from './checkpoint-store.js'

export interface MemorySinkOptions<Item> {
  /** Identity of an item: a later item with the same key replaces the earlier one, so that batches may come twice. */
  readonly key: (item: Item) => string
  /** Save positions together with the items, as a database does in one transaction. Default false. */
  readonly transactional?: boolean
  /** Why an item can not be stored (a `DataError` code), or `undefined` when it can. */
  readonly refuse?: (item: Item) => string | undefined
  /** Whether the `DataError` names the bad items. Without it the engine has to probe. Default false. */
  readonly namesBad?: boolean
  /**
   * Called on each write before anything is stored and after everything is; what it returns is thrown. `stored` stands
   * for a COMMIT whose answer is lost.
   */
  readonly fault?: (moment: 'begin' | 'stored', context: WriteContext) => Error | undefined
}

/** A sink that keeps what it is given. */
export class MemorySink<Item> implements Sink<Item> {
  readonly checkpoints?: MemoryCheckpointStore
  readonly #options: MemorySinkOptions<Item>
  readonly #items = new Map<string, Item>()
  #probes = 0

  constructor(options: MemorySinkOptions<Item>) {
    this.#options = options
    if (options.transactional) this.checkpoints = new MemoryCheckpointStore()
  }

  /** What is stored, in the order in which the keys first came. */
  get items(): readonly Item[] {
    return [...this.#items.values()]
  }

  /** How often `probe` was called. */
  get probes(): number {
    return this.#probes
  }

  async write(batch: Batch<Item>, context: WriteContext): Promise<void> {
    context.signal.throwIfAborted()
    this.#throwFault('begin', context)
    this.#check(batch.items)
    if (this.checkpoints !== undefined && batch.position !== undefined) {
      const { lane, position } = batch
      this.checkpoints.move({ flow: context.flow, lane, position, expected: context.expected })
    }
    for (const item of batch.items) this.#items.set(this.#options.key(item), item)
    this.#throwFault('stored', context)
  }

  async probe(items: Items<Item>): Promise<void> {
    this.#probes++
    this.#check(items)
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #check(items: Items<Item>): void {
    const { refuse, namesBad } = this.#options
    if (refuse === undefined) return
    const refused = [...items].flatMap((item, index) => {
      const code = refuse(item)
      return code === undefined ? [] : [{ index, code }]
    })
    const [first] = refused
    if (first === undefined) return
    const bad = namesBad ? { bad: refused.map(({ index }) => index) } : {}
    throw new DataError(first.code, `the memory sink refuses ${refused.length} of ${items.length} items`, bad)
  }

  #throwFault(moment: 'begin' | 'stored', context: WriteContext): void {
    const fault = this.#options.fault?.(moment, context)
    if (fault !== undefined) throw fault
  }
}

export function memorySink<Item>(options: MemorySinkOptions<Item>): MemorySink<Item> {
  return new MemorySink(options)
}
