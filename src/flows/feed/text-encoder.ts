import { DataError } from '../../core/errors.js'
import type { TableExport } from '../../core/export.js'
import type { ObjectWriter } from '../../core/object-store.js'
import { type Compression, SUFFIX } from './compression/compressor.js'
import { csvLine } from './csv-text.js'
import { fieldText, jsonText } from './encode.js'
import type { Encoder, PagesOptions, ReadPage } from './encoder.js'
import type { Format, TextEncoding } from './format.js'
import { mappedRows } from './mapped-rows.js'
import { GatheredLines, largeRow, linesPage, type TextPage, textPage } from './page.js'
import type { RowValidator } from './preset.js'
import type { FeedSettings } from './settings.js'
import { TextPart } from './text-part.js'

/** Of the files as a whole. */
export function compressionOf({ as, gzip, zstd }: Pick<FeedSettings, 'as' | 'gzip' | 'zstd'>): Compression {
  if (as.encoding.kind === 'parquet') return { kind: 'none' }
  if (zstd !== undefined) return { kind: 'zstd', level: zstd.level }
  return gzip === false ? { kind: 'none' } : { kind: 'gzip', level: gzip.level }
}

/** @param columns those of a CSV. */
export function textEncoder(
  settings: FeedSettings,
  encoding: TextEncoding,
  columns: readonly string[],
): Encoder<TextPage> {
  const { as: format, rotate } = settings
  const compression = compressionOf(settings)
  const { kind } = compression
  const { contentType, extension } = format
  return {
    extension: extension + SUFFIX[kind],
    content: kind === 'none' ? { contentType } : { contentType, contentEncoding: kind },
    together: encoding.together === true,
    pages: (table, options) => textPages({ table, format, separator: encoding.separator, columns }, options),
    part: (writer: ObjectWriter) => new TextPart({ writer, encoding, columns, bytes: rotate.bytes, compression }),
  }
}

interface Texts {
  readonly table: TableExport
  readonly format: Format
  readonly separator: string
  readonly columns: readonly string[]
}

/** Compressing has a price for each piece; rows that are left out are told of in time. */
const CHUNK_BYTES = 256 * 1024
const CHUNK_ROWS = 10_000

/** The table as text, in the shortest way that the format and `map` allow. */
async function* textPages(
  { table, format, separator, columns }: Texts,
  options: PagesOptions,
): AsyncGenerator<ReadPage<TextPage>> {
  const { map, validate, rejections } = options
  if (map !== undefined) {
    const encode = format.name === 'csv' ? csvEncode(columns) : jsonEncode(validate)
    const gathered = new GatheredLines(separator)
    let read = 0
    for await (const rows of table.values(options)) {
      gathered.add(await mappedRows(rows, { map, encode, key: table.key, rejections }))
      read += rows.length
      if (gathered.bytes < CHUNK_BYTES && read < CHUNK_ROWS) continue
      yield { read, page: gathered.take() }
      read = 0
    }
    if (read > 0) yield { read, page: gathered.take() }
  } else if (format.name === 'csv') {
    const places = columns.map((name) => table.columns.findIndex((column) => column.name === name))
    for await (const rows of table.text(options)) {
      const lines = rows.map((row) => csvLine(places.map((place) => row[place] ?? null)))
      yield { read: rows.length, page: linesPage(lines, separator) }
    }
  } else {
    for await (const { rows, chunks } of table.json(separator, options)) {
      const [bytes] = chunks
      const page = bytes !== undefined && chunks.length === 1 ? textPage(rows, bytes, separator) : largeRow(chunks)
      yield { read: rows, page }
    }
  }
}

function jsonEncode(validate: RowValidator | undefined): (value: unknown) => string {
  if (validate === undefined) return jsonText
  return (value) => {
    // First, as it says more than that a number is none.
    validate(value)
    return jsonText(value)
  }
}

function csvEncode(columns: readonly string[]): (value: unknown) => string {
  return (value) => {
    if (typeof value !== 'object' || value === null) {
      throw new DataError('row-not-object', 'map made no object, so there are no columns')
    }
    return csvLine(columns.map((column) => fieldText(Object.hasOwn(value, column) ? Reflect.get(value, column) : null)))
  }
}
