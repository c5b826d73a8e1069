import type { Compression, Compressor } from './compressor.js'
import { GzipCompressor } from './gzip.js'
import { ZstdCompressor } from './zstd.js'

export function compressorOf(compression: Compression): Compressor {
  switch (compression.kind) {
    case 'gzip':
      return new GzipCompressor(compression.level)
    case 'zstd':
      return new ZstdCompressor(compression.level)
    default:
      return AS_IT_IS
  }
}

const NOTHING = Buffer.alloc(0)

const AS_IT_IS: Compressor = {
  head: NOTHING,
  endBytes: 0,
  tentative: true,
  compress: async (chunk) => chunk,
  took: () => undefined,
  end: async () => NOTHING,
  abort: () => undefined,
  boundOf: ({ length }) => length,
}
