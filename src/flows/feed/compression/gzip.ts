import { constants, crc32 } from 'node:zlib'
import type { Compressor } from './compressor.js'
import { deflated, fittingWindow, LARGEST_WINDOW_BITS } from './deflate-window.js'

/** Deterministic: no name and no time, so that equal rows make equal files. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])
/** An empty last block of deflate. */
const LAST_BLOCK = Buffer.from([3, 0])

/**
 * One member, each chunk with the end of the one before as its dictionary, so that it is hardly larger than one made in a
 * single go. The first chunk decides how far it looks back.
 */
export class GzipCompressor implements Compressor {
  readonly head = HEADER
  readonly tentative = true
  readonly endBytes = LAST_BLOCK.length + 8
  readonly #level: number
  #windowBits: Promise<number> | undefined
  #before: Uint8Array | undefined
  #crc = 0
  #rawBytes = 0

  constructor(level: number) {
    this.#level = level
  }

  async compress(chunk: Uint8Array, before = this.#before): Promise<Uint8Array> {
    this.#windowBits ??= fittingWindow(chunk, this.#level)
    const windowBits = await this.#windowBits
    const dictionary = before?.subarray(-(2 ** windowBits))
    return deflated(chunk, { level: this.#level, windowBits, dictionary, finishFlush: constants.Z_SYNC_FLUSH })
  }

  took(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#before = chunk.subarray(-(2 ** LARGEST_WINDOW_BITS))
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

  /** What deflate makes of bytes that cannot be compressed: zlib's own bound for any window. */
  boundOf({ length }: Uint8Array): number {
    return length + (length >> 5) + (length >> 7) + (length >> 11) + 64
  }
}
