import { createHash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import type { ObjectWriter } from '../../../core/object-store.js'
import type { Compressor } from './compressor.js'

/** Chunks of one file that are compressed at the same time; the pool of libuv has four threads. */
const CONCURRENCY = Math.max(2, Math.min(4, availableParallelism()))

export interface CompressedFacts {
  readonly bytes: number
  readonly sha256: string
}

/** A file whose chunks are compressed side by side in the thread pool. Memory is bounded by the chunks in flight. */
export class CompressedFile {
  readonly #writer: ObjectWriter
  readonly #compressor: Compressor
  readonly #sha256 = createHash('sha256')
  readonly #inFlight: Promise<void>[] = []
  #last: Promise<void> = Promise.resolve()
  #bytes = 0
  #pendingBound = 0

  constructor(writer: ObjectWriter, compressor: Compressor) {
    this.#writer = writer
    this.#compressor = compressor
  }

  /** Whether the file has at most `limit` bytes after these chunks, whatever they compress to. */
  surelyFits(chunks: readonly Uint8Array[], limit: number): boolean {
    const bound = chunks.reduce((sum, chunk) => sum + this.#compressor.boundOf(chunk), this.#pendingBound)
    return this.#start + this.#bytes + bound + this.#compressor.endBytes <= limit
  }

  /** Resolves when another chunk may come. */
  async add(chunk: Uint8Array): Promise<void> {
    if (this.#inFlight.length >= CONCURRENCY) await this.#inFlight.shift()
    const compressed = this.#compressor.compress(chunk)
    // It is awaited in its turn; a failure before that is not unhandled.
    compressed.catch(() => undefined)
    const bound = this.#compressor.boundOf(chunk)
    this.#pendingBound += bound
    this.#compressor.took(chunk)
    this.#last = this.#last.then(async () => {
      await this.#emit(await compressed)
      this.#pendingBound -= bound
    })
    this.#last.catch(() => undefined)
    this.#inFlight.push(this.#last)
  }

  /** Adds the chunks unless the file would be larger than `limit` with them; exact where they can be compressed on trial. */
  async addIfItFits(chunks: readonly Uint8Array[], limit: number): Promise<boolean> {
    await this.#settle()
    if (!this.#compressor.tentative) {
      if (!this.surelyFits(chunks, limit)) return false
      for (const chunk of chunks) await this.add(chunk)
      return true
    }
    const tried = await this.#tried(chunks, limit - this.#start - this.#bytes - this.#compressor.endBytes)
    if (tried === undefined) return false
    for (const chunk of chunks) this.#compressor.took(chunk)
    for (const compressed of tried) await this.#emit(compressed)
    return true
  }

  /** `undefined`: they become more than `limit` bytes. */
  async #tried(chunks: readonly Uint8Array[], limit: number): Promise<readonly Uint8Array[] | undefined> {
    const tried: Uint8Array[] = []
    let bytes = 0
    for (const [at, chunk] of chunks.entries()) {
      const compressed = await this.#compressor.compress(chunk, chunks[at - 1])
      bytes += compressed.length
      if (bytes > limit) return undefined
      tried.push(compressed)
    }
    return tried
  }

  /** The file is whole and durable when this resolves. */
  async commit(): Promise<CompressedFacts> {
    await this.#settle()
    await this.#emit(await this.#compressor.end())
    await this.#writer.commit()
    return { bytes: this.#bytes, sha256: this.#sha256.digest('hex') }
  }

  /** Never rejects. */
  async abort(): Promise<void> {
    await this.#settle().catch(() => undefined)
    this.#compressor.abort()
    await this.#writer.abort()
  }

  async #settle(): Promise<void> {
    this.#inFlight.length = 0
    await this.#last
  }

  async #emit(bytes: Uint8Array): Promise<void> {
    if (this.#bytes === 0) await this.#store(this.#compressor.head)
    await this.#store(bytes)
  }

  async #store(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return
    this.#bytes += bytes.length
    this.#sha256.update(bytes)
    await this.#writer.write(bytes)
  }

  get #start(): number {
    return this.#bytes === 0 ? this.#compressor.head.length : 0
  }
}
