export interface BatchingLimits<Item> {
  /** Items in a batch. Default 1,000. */
  readonly maxItems?: number
  /** Bytes in a batch, by `sizeOf`. An item larger than this makes a batch of its own. Default 8 MiB. */
  readonly maxBytes?: number
  /** How long the first item of a batch waits for others, in ms. Default 20. */
  readonly maxWaitMs?: number
  /** Bytes of an item. Default 0: only number and time close a batch. */
  readonly sizeOf?: (item: Item) => number
  /** Ends the batching, also while it waits for the next item. What is not yet in a batch is dropped. */
  readonly signal?: AbortSignal
}

export const BATCHING_DEFAULTS = { maxItems: 1_000, maxBytes: 8 * 1024 * 1024, maxWaitMs: 20 }

/**
 * Gathers single items into batches. A batch closes when it is full by number or bytes, when its first item has waited
 * long enough, or when the items end or fail; an error is thrown after what came before it was taken. At most one item
 * is read ahead.
 */
export async function* batching<Item>(
  records: AsyncIterable<Item>,
  limits: BatchingLimits<Item> = {},
): AsyncGenerator<readonly Item[]> {
  const iterator = records[Symbol.asyncIterator]()
  const open = new OpenBatch(limits)
  let pending: Promise<Read<Item>> | undefined
  let over = false
  try {
    while (!over) {
      pending ??= next(iterator)
      const read = await earliest(pending, open.closesAt, limits.signal)
      if (read.kind === 'aborted') return
      if (read.kind !== 'waited') pending = undefined
      over = read.kind === 'end' || read.kind === 'error'
      if (open.closesBefore(read)) yield open.take()
      if (read.kind === 'error') throw read.error
      if (read.kind === 'item') open.add(read.item)
      if (open.full) yield open.take()
    }
  } finally {
    const closing = over ? undefined : iterator.return?.()
    // A quiet iterator answers only after its next item, so nobody waits for it then.
    if (pending === undefined) await closing
    else closing?.catch(() => undefined)
  }
}

type Read<Item> =
  | { readonly kind: 'item'; readonly item: Item }
  | { readonly kind: 'end' }
  | { readonly kind: 'error'; readonly error: unknown }

type Waited = { readonly kind: 'waited' } | { readonly kind: 'aborted' }

class OpenBatch<Item> {
  readonly #limits: BatchingLimits<Item> & typeof BATCHING_DEFAULTS
  #items: Item[] = []
  #bytes = 0
  #closesAt = Number.POSITIVE_INFINITY

  constructor(limits: BatchingLimits<Item>) {
    this.#limits = { ...BATCHING_DEFAULTS, ...limits }
  }

  /** Milliseconds since 1970; infinite while the batch is empty. */
  get closesAt(): number {
    return this.#closesAt
  }

  get full(): boolean {
    const { maxItems, maxBytes } = this.#limits
    if (this.#items.length === 0) return false
    return this.#items.length >= maxItems || this.#bytes >= maxBytes || Date.now() >= this.#closesAt
  }

  closesBefore(read: Read<Item> | Waited): boolean {
    if (this.#items.length === 0) return false
    return read.kind !== 'item' || this.#bytes + this.#sizeOf(read.item) > this.#limits.maxBytes
  }

  add(item: Item): void {
    if (this.#items.length === 0) this.#closesAt = Date.now() + this.#limits.maxWaitMs
    this.#items.push(item)
    this.#bytes += this.#sizeOf(item)
  }

  take(): readonly Item[] {
    const items = this.#items
    this.#items = []
    this.#bytes = 0
    this.#closesAt = Number.POSITIVE_INFINITY
    return items
  }

  #sizeOf(item: Item): number {
    return this.#limits.sizeOf?.(item) ?? 0
  }
}

/** Never rejects, as nobody may be waiting when it settles. */
async function next<Item>(iterator: AsyncIterator<Item>): Promise<Read<Item>> {
  try {
    const result = await iterator.next()
    return result.done ? { kind: 'end' } : { kind: 'item', item: result.value }
  } catch (error) {
    return { kind: 'error', error }
  }
}

/** What comes first: the item, the moment the batch closes, or the signal. */
async function earliest<Item>(
  pending: Promise<Read<Item>>,
  closesAt: number,
  signal: AbortSignal | undefined,
): Promise<Read<Item> | Waited> {
  return new Promise((resolve) => {
    const settle = (outcome: Read<Item> | Waited) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      resolve(outcome)
    }
    const onAbort = () => settle({ kind: 'aborted' })
    const timer = Number.isFinite(closesAt)
      ? setTimeout(() => settle({ kind: 'waited' }), Math.max(0, closesAt - Date.now()))
      : undefined
    if (signal?.aborted) onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    void pending.then(settle)
  })
}
