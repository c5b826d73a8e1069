/** What a column of a Parquet file holds. `decimal(p,s)` has at most 38 digits; times are microseconds, `timestamptz` those of UTC. */
export type ParquetType =
  | 'bool'
  | 'int32'
  | 'int64'
  | 'float'
  | 'double'
  | 'utf8'
  | 'bytes'
  | 'uuid'
  | 'date'
  | 'timestamp'
  | 'timestamptz'
  | `decimal(${number},${number})`

export interface ParquetColumn {
  readonly name: string
  readonly type: ParquetType
}

export type ParquetCompression = 'snappy' | 'gzip' | 'zstd' | 'none'

/** How a table becomes Parquet; without `columns` they are the table's. */
export interface ParquetEncoding {
  readonly kind: 'parquet'
  readonly compression: ParquetCompression
  readonly columns: readonly ParquetColumn[] | undefined
}

const TYPES: readonly (readonly [RegExp, ParquetType])[] = [
  [/^(boolean|bool|tinyint\(1\))$/, 'bool'],
  [/^(smallint|integer|int2|int4|tinyint|mediumint|int)\b(?!.*\[)(?!.*unsigned)/, 'int32'],
  [/^(smallint|tinyint|mediumint)\b.*unsigned/, 'int32'],
  [/^int\b.*unsigned/, 'int64'],
  [/^bigint\b.*unsigned/, 'decimal(20,0)'],
  [/^(bigint|int8)(\(\d+\))?$/, 'int64'],
  [/^(real|float4|float)$/, 'float'],
  [/^(double precision|float8|double)$/, 'double'],
  [/^(bytea|binary|varbinary|tinyblob|blob|mediumblob|longblob)(\(\d+\))?$/, 'bytes'],
  [/^uuid$/, 'uuid'],
  [/^date$/, 'date'],
  [/^(timestamp(\(\d\))? without time zone|datetime(\(\d\))?)$/, 'timestamp'],
  [/^timestamp(\(\d\))?( with time zone)?$|^timestamptz$/, 'timestamptz'],
]

/** By the database's own name of the type. What Parquet has no type for is the text that the database prints. */
export function columnTypeOf(type: string): ParquetType {
  const decimal = /^(?:numeric|decimal)\((\d+),(\d+)\)$/.exec(type)
  const [precision, scale] = [Number(decimal?.[1]), Number(decimal?.[2])]
  if (precision <= 38 && scale <= precision) return `decimal(${precision},${scale})`
  return TYPES.find(([pattern]) => pattern.test(type))?.[1] ?? 'utf8'
}

export function decimalOf(type: ParquetType): { readonly precision: number; readonly scale: number } | undefined {
  const found = /^decimal\((\d+),(\d+)\)$/.exec(type)
  return found === null ? undefined : { precision: Number(found[1]), scale: Number(found[2]) }
}

/** Names a caller may write in `parquet({ columns })`. */
export function isParquetType(value: unknown): value is ParquetType {
  if (typeof value !== 'string') return false
  if (PLAIN.has(value)) return true
  const [, precision, scale] = /^decimal\((\d+),(\d+)\)$/.exec(value) ?? []
  return (
    precision !== undefined && Number(precision) >= 1 && Number(precision) <= 38 && Number(scale) <= Number(precision)
  )
}

const PLAIN = new Set('bool int32 int64 float double utf8 bytes uuid date timestamp timestamptz'.split(' '))
