import { ConfigError } from '../../core/errors.js'
import type { Row } from '../../core/table.js'
import { csvLine } from './csv-text.js'
import type { ParquetEncoding } from './parquet/column-type.js'
import type { Shard } from './part-file.js'
import type { Preset } from './preset.js'

declare const ACCEPTS: unique symbol

/**
 * How rows become a file: what `json()`, `ndjson()`, `csv()`, `parquet()` or a preset returns. `Accepted` is what `map` has to make of a row.
 */
export interface Format<Accepted = unknown> {
  readonly name: 'json' | 'ndjson' | 'csv' | 'parquet'
  readonly extension: string
  readonly contentType: string
  /** The columns of a CSV, where the config names them. */
  readonly columns?: readonly string[]
  readonly encoding: TextEncoding | ParquetEncoding
  /** What a consumer asks for beyond the format. */
  readonly preset?: Preset
  /** Never there: it is how the compiler knows. */
  readonly [ACCEPTS]?: (row: Accepted) => void
}

/** Each row is on a line of its own, but for line ends within the values of a CSV. */
export interface TextEncoding {
  readonly kind: 'text'
  /** Between two rows. */
  readonly separator: string
  head(columns: readonly string[]): string
  tail(rows: number, shard: Shard): string
  /** `tail` names the number of all files, so they are ended together, once it is known. */
  readonly together?: boolean
}

export interface JsonOptions {
  /** The property that holds the rows: `{"data":[...]}`. Default: the file is an array. */
  readonly envelope?: string
  /** A property `metadata` before the rows, the same in each file; needs an envelope. */
  readonly metadata?: Readonly<Record<string, unknown>>
}

/** One JSON document per file. */
export function json(options: JsonOptions = {}): Format {
  const { envelope, metadata } = options
  if (envelope !== undefined && typeof envelope !== 'string') throw problem('json({ envelope })', 'must be a text')
  if (metadata !== undefined && (envelope === undefined || envelope === 'metadata')) {
    throw problem('json({ metadata })', "needs an envelope of another name, such as envelope: 'data'")
  }
  if (envelope === undefined) return jsonFormat({ open: '[', close: () => ']' })
  const before = metadata === undefined ? '' : `"metadata":${metadataText(metadata)},`
  return jsonFormat({ open: `{${before}${JSON.stringify(envelope)}:[`, close: () => ']}' })
}

function metadataText(metadata: unknown): string {
  const text: unknown = typeof metadata === 'object' && metadata !== null ? JSON.stringify(metadata) : undefined
  if (typeof text === 'string' && text.startsWith('{')) return text
  throw problem('json({ metadata })', 'must be an object that JSON can hold')
}

/** `open` and `close` have no line end, so that rows can be counted by lines. */
export function jsonFormat(document: {
  readonly open: string
  readonly close: (shard: Shard) => string
  readonly together?: boolean
}): Format {
  const { open, close, together = false } = document
  return {
    name: 'json',
    extension: 'json',
    contentType: 'application/json',
    encoding: {
      kind: 'text',
      separator: ',\n',
      head: () => `${open}\n`,
      tail: (rows, shard) => `${rows === 0 ? '' : '\n'}${close(shard)}\n`,
      together,
    },
  }
}

/** One JSON value per line. */
export function ndjson(): Format {
  return {
    name: 'ndjson',
    extension: 'ndjson',
    contentType: 'application/x-ndjson',
    encoding: { kind: 'text', separator: '\n', head: () => '', tail: (rows) => (rows === 0 ? '' : '\n') },
  }
}

export interface CsvOptions {
  /** In this order. Default those of the table; needed beside `map`. */
  readonly columns?: readonly string[]
}

/** RFC 4180 with `\n`; NULL is an empty field, an empty text is `""`. The first line has the names of the columns. */
export function csv(options: CsvOptions = {}): Format {
  const { columns } = options
  if (columns !== undefined && (!Array.isArray(columns) || columns.length === 0 || !columns.every(isText))) {
    throw problem('csv({ columns })', 'must be names of columns')
  }
  return {
    name: 'csv',
    extension: 'csv',
    contentType: 'text/csv; charset=utf-8; header=present',
    ...(columns === undefined ? {} : { columns }),
    encoding: {
      kind: 'text',
      separator: '\n',
      head: (names) => `${csvLine(names satisfies Row)}\n`,
      tail: (rows) => (rows === 0 ? '' : '\n'),
    },
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string'
}

function problem(key: string, message: string): ConfigError {
  return new ConfigError({ code: 'option-invalid', key, message, fix: 'correct the option' })
}
