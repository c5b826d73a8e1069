import { ConfigError } from '../../core/errors.js'
import type { Row } from '../../core/table.js'
import { csvLine } from './csv-text.js'

/** How rows become a file. Each row is on a line of its own, but for line ends within the values of a CSV. */
export interface Format {
  readonly name: 'json' | 'ndjson' | 'csv'
  readonly extension: string
  readonly contentType: string
  /** Between two rows. */
  readonly separator: string
  /** The columns of a CSV, where the config names them. */
  readonly columns?: readonly string[]
  head(columns: readonly string[]): string
  tail(rows: number): string
}

export interface JsonOptions {
  /** The property that holds the rows: `{"data":[...]}`. Default: the file is an array. */
  readonly envelope?: string
}

/** One JSON document per file. */
export function json(options: JsonOptions = {}): Format {
  const { envelope } = options
  if (envelope !== undefined && typeof envelope !== 'string') throw problem('json({ envelope })', 'must be a text')
  const [open, close] = envelope === undefined ? ['[', ']'] : [`{${JSON.stringify(envelope)}:[`, ']}']
  return {
    name: 'json',
    extension: 'json',
    contentType: 'application/json',
    separator: ',\n',
    head: () => `${open}\n`,
    tail: (rows) => `${rows === 0 ? '' : '\n'}${close}\n`,
  }
}

/** One JSON value per line. */
export function ndjson(): Format {
  return {
    name: 'ndjson',
    extension: 'ndjson',
    contentType: 'application/x-ndjson',
    separator: '\n',
    head: () => '',
    tail: (rows) => (rows === 0 ? '' : '\n'),
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
    separator: '\n',
    ...(columns === undefined ? {} : { columns }),
    head: (names) => `${csvLine(names satisfies Row)}\n`,
    tail: (rows) => (rows === 0 ? '' : '\n'),
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string'
}

function problem(key: string, message: string): ConfigError {
  return new ConfigError({ code: 'option-invalid', key, message, fix: 'correct the option' })
}
