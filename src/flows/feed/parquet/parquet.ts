import { ConfigError } from '../../../core/errors.js'
import { refuseWithoutZstd } from '../compression/zstd.js'
import type { Format } from '../format.js'
import { isParquetType, type ParquetColumn, type ParquetCompression, type ParquetType } from './column-type.js'
import { CODECS } from './parquet-library.js'

export interface ParquetOptions {
  /** Within the file, which is not compressed as a whole. Default `snappy`; `zstd` needs Node 22.15 or newer. */
  readonly compression?: ParquetCompression
  /**
   * Names and types, in this order; needed beside `map`. Default: those of the table, where `numeric` without digits, arrays
   * and all that Parquet has no type for become the text that the database prints.
   */
  readonly columns?: Readonly<Record<string, ParquetType>>
}

/**
 * Parquet, by the optional package `hyparquet-writer`. Nothing is rounded: a value that its type cannot hold rejects the row.
 *
 * @throws ConfigError when an option is wrong, or this Node has no zstd.
 */
export function parquet(options: ParquetOptions = {}): Format {
  const { compression = 'snappy', columns } = options
  if (!Object.hasOwn(CODECS, compression)) {
    throw problem('parquet({ compression })', `must be one of ${Object.keys(CODECS).join(', ')}`)
  }
  if (compression === 'zstd') refuseWithoutZstd('parquet({ compression })', 'or choose gzip or snappy')
  return {
    name: 'parquet',
    extension: 'parquet',
    contentType: 'application/vnd.apache.parquet',
    encoding: { kind: 'parquet', compression, columns: columns === undefined ? undefined : columnList(columns) },
  }
}

function columnList(columns: Readonly<Record<string, unknown>>): readonly ParquetColumn[] {
  const list = Object.entries(columns).map(([name, type]) => {
    if (isParquetType(type)) return { name, type }
    throw problem(`parquet({ columns: { ${name} } })`, 'is no type, such as int64, utf8 or decimal(10,2)')
  })
  if (list.length > 0) return list
  throw problem('parquet({ columns })', 'must name a column')
}

function problem(key: string, message: string): ConfigError {
  return new ConfigError({ code: 'option-invalid', key, message, fix: 'correct the option' })
}
