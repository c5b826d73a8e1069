import type { Transform } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Compression } from './compressor.js'
import { refuseWithoutZstd, zstdUnpacker } from './zstd.js'

/** A stream that unpacks; `undefined`: nothing is packed. Throws `ConfigError` when this Node cannot. */
export function unpackerOf(compression: Compression['kind']): Transform | undefined {
  if (compression === 'none') return undefined
  if (compression === 'gzip') return createGunzip()
  refuseWithoutZstd('feed', 'to read a feed that was compressed by it')
  return zstdUnpacker()
}

/** The bytes are none that the compressor made. */
export function isUnpackable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(Z|ZSTD)_/.test(String(error.code))
}
