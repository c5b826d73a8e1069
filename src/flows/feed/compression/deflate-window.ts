import { promisify } from 'node:util'
import { deflateRaw, type ZlibOptions } from 'node:zlib'

const deflate = promisify(deflateRaw)

/** All that gzip can look back: 32 KiB. */
export const LARGEST_WINDOW_BITS = 15
const SMALLEST_WINDOW_BITS = 12
/** So much larger the result of a smaller window may be. */
const TOLERANCE = 0.005
/** Several times what the largest window holds, or its worth could not be seen. */
const SAMPLE_BYTES = 192 * 1024
const MEMORY_LEVEL = 9
const OUTPUT_BYTES = 256 * 1024

/** `deflateRaw` in the thread pool. */
export function deflated(chunk: Uint8Array, options: ZlibOptions): Promise<Buffer> {
  return deflate(chunk, { ...options, memLevel: MEMORY_LEVEL, chunkSize: OUTPUT_BYTES })
}

/**
 * Bits of the smallest window that compresses as well as the largest: a table's rows mostly repeat what is near, and to look
 * back 4 KiB takes two thirds of the time of 32 KiB, for a result that is no larger; long texts repeat what is farther away.
 * Decided by the bytes alone, so that equal rows make equal files.
 */
export async function fittingWindow(chunk: Uint8Array, level: number): Promise<number> {
  if (chunk.length < SAMPLE_BYTES) return LARGEST_WINDOW_BITS
  const sample = chunk.subarray(0, SAMPLE_BYTES)
  const sizeWith = async (windowBits: number): Promise<number> => (await deflated(sample, { level, windowBits })).length
  const limit = (await sizeWith(LARGEST_WINDOW_BITS)) * (1 + TOLERANCE)
  for (let bits = SMALLEST_WINDOW_BITS; bits < LARGEST_WINDOW_BITS; bits++) {
    if ((await sizeWith(bits)) <= limit) return bits
  }
  return LARGEST_WINDOW_BITS
}
