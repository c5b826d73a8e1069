import { gzipSync } from 'node:zlib'
import type { SchemaElement } from 'hyparquet-writer'
import { missingPeer } from '../../../core/missing-peer.js'
import { hasZstd, zstdCompressSync } from '../compression/zstd.js'
import { decimalOf, type ParquetColumn } from './column-type.js'

export type Library = typeof import('hyparquet-writer')
type Compress = (bytes: Uint8Array) => Uint8Array

export function loadLibrary(): Promise<Library> {
  const peer = { name: 'hyparquet-writer', install: 'hyparquet-writer', key: 'feed({ as: parquet() })' }
  return import('hyparquet-writer').catch(missingPeer(peer))
}

export const CODECS = { snappy: 'SNAPPY', gzip: 'GZIP', zstd: 'ZSTD', none: 'UNCOMPRESSED' } as const

export function compressors(): { GZIP: Compress; ZSTD?: Compress } {
  return { GZIP: (bytes) => gzipSync(bytes), ...(hasZstd() ? { ZSTD: zstdCompressSync } : {}) }
}

export function schemaOf(columns: readonly ParquetColumn[]): SchemaElement[] {
  return [{ name: 'root', num_children: columns.length }, ...columns.map(elementOf)]
}

function elementOf({ name, type }: ParquetColumn): SchemaElement {
  const column = { name, repetition_type: 'OPTIONAL' } as const
  const decimal = decimalOf(type)
  if (decimal !== undefined) {
    const size = { type: 'FIXED_LEN_BYTE_ARRAY', type_length: bytesFor(decimal.precision) } as const
    return { ...column, ...size, converted_type: 'DECIMAL', ...decimal }
  }
  switch (type) {
    case 'bool':
      return { ...column, type: 'BOOLEAN' }
    case 'int32':
      return { ...column, type: 'INT32' }
    case 'int64':
      return { ...column, type: 'INT64' }
    case 'float':
      return { ...column, type: 'FLOAT' }
    case 'double':
      return { ...column, type: 'DOUBLE' }
    case 'bytes':
      return { ...column, type: 'BYTE_ARRAY' }
    case 'uuid':
      return { ...column, type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16, logical_type: { type: 'UUID' } }
    case 'date':
      return { ...column, type: 'INT32', converted_type: 'DATE' }
    case 'timestamp':
    case 'timestamptz': {
      const isAdjustedToUTC = type === 'timestamptz'
      return { ...column, type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC, unit: 'MICROS' } }
    }
    default:
      return { ...column, type: 'BYTE_ARRAY', converted_type: 'UTF8' }
  }
}

/** Bytes that hold every number of so many digits, and its sign. */
function bytesFor(precision: number): number {
  return Math.ceil((precision * Math.log2(10) + 1) / 8)
}
