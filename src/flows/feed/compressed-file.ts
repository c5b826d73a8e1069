import { createHash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { constants, crc32, deflateRaw } from 'node:zlib'
import type { ObjectWriter } from '../../core/object-store.js'

const deflate = promisify(deflateRaw)

/** Chunks of one file that are compressed at the same time; the pool of libuv has four threads. */
const CONCURRENCY = Math.max(2, Math.min(4, availableParallelism()))
/**
 * Half of what gzip may look back. Rows repeat what is near: of a table's rows the result is no larger, in three quarters
 * of the time; of a text that repeats what is farther away it is some percent larger.
 */
const WINDOW_BITS = 14
const WINDOW_BYTES = 2 ** WINDOW_BITS
const MEMORY_LEVEL = 9
const OUTPUT_BYTES = 256 * 1024

/** Deterministic: no name and no time, so that equal rows make equal files. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])
/** An empty last block of deflate. */
const LAST_BLOCK = Buffer.from([3, 0])
const TRAILER_BYTES = LAST_BLOCK.length + 8

export interface CompressedFacts {
  readonly bytes: number
  readonly sha256: string
}

/**
 * A gzip file of one member whose chunks are compressed side by side in the thread pool, each with the end of the one
 * before as its dictionary, so that it is hardly larger than one made in a single go. With `level` `undefined` it is not
 * compressed. Memory is bounded by the chunks in flight.
 */
export class CompressedFile {
  readonly #writer: ObjectWriter
  readonly #level: number | undefined
  readonly #sha256 = createHash('sha256')
  readonly #inFlight: Promise<void>[] = []
  #last: Promise<void> = Promise.resolve()
  #window: Uint8Array | undefined
  #crc = 0
  #rawBytes = 0
  #bytes = 0
  #pendingBound = 0

  constructor(writer: ObjectWriter, level: number | undefined) {
    this.#writer = writer
    this.#level = level
  }

  /** Whether the file has at most `limit` bytes after this chunk, whatever it compresses to. */
  surelyFits(chunk: Uint8Array, limit: number): boolean {
    return this.#start + this.#bytes + this.#pendingBound + this.#boundOf(chunk) + this.#end <= limit
  }

  /** Resolves when another chunk may come. */
  async add(chunk: Uint8Array): Promise<void> {
    if (this.#inFlight.length >= CONCURRENCY) await this.#inFlight.shift()
    const compressed = this.#compress(chunk)
    // It is awaited in its turn; a failure before that is not unhandled.
    compressed.catch(() => undefined)
    const bound = this.#boundOf(chunk)
    this.#pendingBound += bound
    this.#took(chunk)
    this.#last = this.#last.then(async () => {
      await this.#emit(await compressed)
      this.#pendingBound -= bound
    })
    this.#last.catch(() => undefined)
    this.#inFlight.push(this.#last)
  }

  /** Adds the chunk unless the file would be larger than `limit` with it; exact, as it is compressed first. */
  async addIfItFits(chunk: Uint8Array, limit: number): Promise<boolean> {
    await this.#settle()
    const compressed = await this.#compress(chunk)
    if (this.#start + this.#bytes + compressed.length + this.#end > limit) return false
    this.#took(chunk)
    await this.#emit(compressed)
    return true
  }

  /** The file is whole and durable when this resolves. */
  async commit(): Promise<CompressedFacts> {
    await this.#settle()
    if (this.#level !== undefined) {
      const trailer = Buffer.alloc(TRAILER_BYTES)
      LAST_BLOCK.copy(trailer)
      trailer.writeUInt32LE(this.#crc, LAST_BLOCK.length)
      trailer.writeUInt32LE(this.#rawBytes % 2 ** 32, LAST_BLOCK.length + 4)
      await this.#emit(trailer)
    }
    await this.#writer.commit()
    return { bytes: this.#bytes, sha256: this.#sha256.digest('hex') }
  }

  /** Never rejects. */
  async abort(): Promise<void> {
    await this.#settle().catch(() => undefined)
    await this.#writer.abort()
  }

  async #settle(): Promise<void> {
    this.#inFlight.length = 0
    await this.#last
  }

  async #compress(chunk: Uint8Array): Promise<Uint8Array> {
    if (this.#level === undefined) return chunk
    return deflate(chunk, {
      level: this.#level,
      finishFlush: constants.Z_SYNC_FLUSH,
      chunkSize: OUTPUT_BYTES,
      windowBits: WINDOW_BITS,
      memLevel: MEMORY_LEVEL,
      ...(this.#window === undefined ? {} : { dictionary: this.#window }),
    })
  }

  #took(chunk: Uint8Array): void {
    if (this.#level === undefined || chunk.length === 0) return
    this.#window = chunk.subarray(Math.max(0, chunk.length - WINDOW_BYTES))
    this.#crc = crc32(chunk, this.#crc)
    this.#rawBytes += chunk.length
  }

  async #emit(bytes: Uint8Array): Promise<void> {
    if (this.#bytes === 0 && this.#level !== undefined) await this.#store(HEADER)
    await this.#store(bytes)
  }

  async #store(bytes: Uint8Array): Promise<void> {
    this.#bytes += bytes.length
    this.#sha256.update(bytes)
    await this.#writer.write(bytes)
  }

  get #start(): number {
    return this.#level !== undefined && this.#bytes === 0 ? HEADER.length : 0
  }

  get #end(): number {
    return this.#level === undefined ? 0 : TRAILER_BYTES
  }

  /** What deflate makes of bytes that cannot be compressed. */
  #boundOf({ length }: Uint8Array): number {
    return this.#level === undefined ? length : length + (length >> 10) + 64
  }
}
