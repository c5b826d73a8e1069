import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { Batch, Checkpoints } from '../../core/batch.js'
import { DataError } from '../../core/errors.js'
import type { Message } from '../../core/message.js'
import type { Source } from '../../core/source.js'
import type { BatchLimits } from '../../core/stream.js'
import { columnsOf } from './file-reader.js'
import { pieceMessage } from './message.js'
import type { Layout } from './options.js'
import { type Body, lineBody, recordBody } from './records.js'
import { type Piece, Splitter, splitOptions } from './splitter.js'

const LANE = 'stdin'

/** Reads a stream that can be read once. What was not acknowledged stays in memory, for the next iteration. */
export class StdinSource implements Source<Message> {
  readonly #openInput: () => Readable
  readonly #layout: Layout
  readonly #limits: BatchLimits
  readonly #splitter: Splitter
  /** Each process reads other bytes under the same offsets. */
  readonly #stream = `${LANE}/${randomUUID()}`
  readonly #given: Batch<Message>[] = []
  #input: Readable | undefined
  #chunks: AsyncIterator<unknown> | undefined
  #chunk: Promise<Chunk> | undefined
  #ended = false
  #body: Body | undefined
  /** The batch that is being gathered. */
  #items: Message[] = []
  #bytes = 0

  constructor(input: () => Readable, layout: Layout, limits: BatchLimits) {
    this.#openInput = input
    this.#layout = layout
    this.#limits = limits
    this.#splitter = new Splitter(splitOptions(layout, 0))
    const { csv, lineBytes } = layout
    if (csv === undefined) this.#body = lineBody(lineBytes)
    else if (csv.columns !== undefined) this.#body = recordBody(csv.columns, csv, lineBytes)
  }

  async *read(_from: Checkpoints, signal: AbortSignal): AsyncGenerator<Batch<Message>> {
    for (const batch of [...this.#given]) {
      if (signal.aborted) return
      yield batch
    }
    while (!signal.aborted) {
      const batch = await this.#next(signal)
      if (batch === undefined) return
      this.#given.push(batch)
      yield batch
    }
  }

  async acknowledge(batch: Batch<Message>): Promise<void> {
    const at = this.#given.indexOf(batch)
    if (at >= 0) this.#given.splice(at, 1)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#input?.destroy()
  }

  /** `undefined` at the end, and when `signal` aborts: what is gathered by then stays. */
  async #next(signal: AbortSignal): Promise<Batch<Message> | undefined> {
    const closesAt = { ms: this.#items.length > 0 ? performance.now() : undefined }
    for (;;) {
      if (this.#gather()) return this.#close()
      if (this.#items.length > 0) closesAt.ms ??= performance.now() + this.#limits.waitMs
      if (this.#ended) return this.#items.length > 0 ? this.#close() : undefined
      const came = await this.#wait(closesAt.ms, signal)
      if (came === 'aborted') return undefined
      if (came === 'late') return this.#close()
      if (came.kind === 'failed') throw broken(came.error)
      this.#chunk = undefined
      if (came.kind === 'bytes') this.#splitter.push(came.bytes)
      else this.#end()
    }
  }

  /** Takes what is there; whether the batch is full. */
  #gather(): boolean {
    while (this.#items.length < this.#limits.items && this.#bytes < this.#limits.bytes) {
      const piece = this.#splitter.next()
      if (piece === undefined) return false
      this.#add(piece)
    }
    return true
  }

  #add(piece: Piece): void {
    const { csv, lineBytes } = this.#layout
    if (this.#body === undefined && csv !== undefined) {
      this.#body = recordBody(columnsOf(LANE, piece, csv), csv, lineBytes)
      return
    }
    this.#items.push(pieceMessage(this.#stream, piece, this.#body ?? lineBody(lineBytes)))
    this.#bytes += piece.bytes.length
  }

  #end(): void {
    this.#ended = true
    const last = this.#splitter.last()
    if (last !== undefined) this.#add(last)
  }

  #close(): Batch<Message> {
    const batch = { lane: LANE, position: undefined, items: this.#items }
    this.#items = []
    this.#bytes = 0
    return batch
  }

  async #wait(closesAtMs: number | undefined, signal: AbortSignal): Promise<Chunk | 'late' | 'aborted'> {
    this.#input ??= this.#openInput()
    this.#chunks ??= this.#input[Symbol.asyncIterator]()
    this.#chunk ??= nextChunk(this.#chunks)
    const chunk = this.#chunk
    return new Promise((resolve) => {
      const done = (result: Chunk | 'late' | 'aborted') => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
        resolve(result)
      }
      const onAbort = () => done('aborted')
      const timer =
        closesAtMs === undefined ? undefined : setTimeout(done, Math.max(0, closesAtMs - performance.now()), 'late')
      signal.addEventListener('abort', onAbort, { once: true })
      if (signal.aborted) onAbort()
      void chunk.then(done)
    })
  }
}

type Chunk =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'end' }
  | { readonly kind: 'failed'; readonly error: unknown }

async function nextChunk(chunks: AsyncIterator<unknown>): Promise<Chunk> {
  try {
    const { value, done } = await chunks.next()
    if (done) return { kind: 'end' }
    if (value instanceof Uint8Array)
      return { kind: 'bytes', bytes: Buffer.from(value.buffer, value.byteOffset, value.length) }
    return { kind: 'bytes', bytes: Buffer.from(String(value)) }
  } catch (error) {
    return { kind: 'failed', error }
  }
}

/** Nothing cures it: what was lost cannot be read again. */
function broken(cause: unknown): DataError {
  return new DataError('stdin-broken', 'stdin: reading failed, so what came after is lost', { cause })
}
