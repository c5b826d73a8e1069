import { DataError } from '../../../core/errors.js'
import type { TableExport } from '../../../core/export.js'
import type { Row } from '../../../core/table.js'
import type { Encoder, PagesOptions, ReadPage } from '../encoder.js'
import { mappedRows, reject } from '../mapped-rows.js'
import type { FeedSettings } from '../settings.js'
import { columnTypeOf, type ParquetColumn, type ParquetEncoding } from './column-type.js'
import { columnValue, type ParquetValue } from './column-value.js'
import { loadLibrary } from './parquet-library.js'
import { ParquetPart, type ValuesPage, valuesPage } from './parquet-part.js'

type Values = readonly ParquetValue[]

export async function parquetEncoder(
  { as: { contentType, extension }, rotate: { bytes } }: FeedSettings,
  { compression, columns: named }: ParquetEncoding,
  table: TableExport,
): Promise<Encoder<ValuesPage>> {
  const library = await loadLibrary()
  const columns = named ?? table.columns.map(({ name, type }) => ({ name, type: columnTypeOf(type) }))
  return {
    extension,
    content: { contentType },
    together: false,
    pages: (source, options) => valuePages(source, columns, options),
    part: (writer) => new ParquetPart({ library, writer, columns, compression, bytes }),
  }
}

async function* valuePages(
  table: TableExport,
  columns: readonly ParquetColumn[],
  options: PagesOptions,
): AsyncGenerator<ReadPage<ValuesPage>> {
  const { map, rejections } = options
  const { key } = table
  if (map !== undefined) {
    for await (const rows of table.values(options)) {
      const values = await mappedRows(rows, { map, encode: (made) => fromObject(columns, made), key, rejections })
      yield { read: rows.length, page: valuesPage(values) }
    }
    return
  }
  const places = columns.map(({ name }) => table.columns.findIndex((column) => column.name === name))
  for await (const rows of table.text(options)) {
    const values: Values[] = []
    for (const row of rows) {
      try {
        values.push(columns.map(({ type }, at) => columnValue(type, row[places[at] ?? -1])))
      } catch (error) {
        reject(keyOf(table, row), error, { key, rejections })
      }
    }
    yield { read: rows.length, page: valuesPage(values) }
  }
}

function fromObject(columns: readonly ParquetColumn[], made: unknown): Values {
  if (typeof made !== 'object' || made === null) {
    throw new DataError('row-not-object', 'map made no object, so there are no columns')
  }
  return columns.map(({ name, type }) => columnValue(type, Object.hasOwn(made, name) ? Reflect.get(made, name) : null))
}

function keyOf({ columns, key }: TableExport, row: Row): Readonly<Record<string, unknown>> {
  return Object.fromEntries(key.map((name) => [name, row[columns.findIndex((column) => column.name === name)]]))
}
