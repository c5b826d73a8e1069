import { promisify } from 'node:util'
import { constants, crc32, deflateRaw } from 'node:zlib'
import type { Compressor } from './compressor.js'

const deflate = promisify(deflateRaw)

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

/** One member, each chunk with the end of the one before as its dictionary, so that it is hardly larger than one made in a single go. */
export class GzipCompressor implements Compressor {
  readonly head = HEADER
  readonly tentative = true
  readonly endBytes = LAST_BLOCK.length + 8
  readonly #level: number
  #window: Uint8Array | undefined
  #crc = 0
  #rawBytes = 0

  constructor(level: number) {
    this.#level = level
  }

  compress(chunk: Uint8Array): Promise<Uint8Array> {
    return deflate(chunk, {
      level: this.#level,
      finishFlush: constants.Z_SYNC_FLUSH,
      chunkSize: OUTPUT_BYTES,
      windowBits: WINDOW_BITS,
      memLevel: MEMORY_LEVEL,
      ...(this.#window === undefined ? {} : { dictionary: this.#window }),
    })
  }

  took(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#window = chunk.subarray(Math.max(0, chunk.length - WINDOW_BYTES))
    this.#crc = crc32(chunk, this.#crc)
    this.#rawBytes += chunk.length
  }

  async end(): Promise<Uint8Array> {
    const trailer = Buffer.alloc(this.endBytes)
    LAST_BLOCK.copy(trailer)
    trailer.writeUInt32LE(this.#crc, LAST_BLOCK.length)
    trailer.writeUInt32LE(this.#rawBytes % 2 ** 32, LAST_BLOCK.length + 4)
    return trailer
  }

  abort(): void {
    // What is under way in the thread pool ends by itself.
  }

  /** What deflate makes of bytes that cannot be compressed. */
  boundOf({ length }: Uint8Array): number {
    return length + (length >> 10) + 64
  }
}
